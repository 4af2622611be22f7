import { z } from 'zod';

/** What the name of a sink may be; it is a label value. */
export const sinkName = z.custom<string>((name) => typeof name === 'string' && /^[\w-]{1,64}$/.test(name), {
  error: 'must be 1 to 64 characters of a-z, A-Z, 0-9, _ and -',
});
