import { z } from 'zod';

/** A time in milliseconds since the epoch. */
export const time = z.number();
/** Who did it; absent where the library did it by itself. */
export const by = z.string().optional();
/** Text for people, redacted before it is recorded. */
export const text = z.string();
/** A part's id within its incident, such as `h-3fa9`: a letter for its kind and a random suffix. */
export const partId = z.string();

/** A change of that type. Unknown keys are kept away, so that a journal of a later version can be read. */
export function change<const Type extends string, Shape extends z.core.$ZodLooseShape>(
  type: Type,
  shape: Shape,
) {
  return z.object({ type: z.literal(type), at: time, ...shape });
}
