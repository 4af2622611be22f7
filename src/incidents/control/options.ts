import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { options, shown } from '../../core/options.ts';
import { pathProblem } from './socket-path.ts';

/** Options of the socket by which the `breakwater` command reaches the running application. */
export interface ControlOptions {
  /**
   * Where the Unix socket is made, an absolute path such as `/run/app/breakwater.sock`, at most 107 bytes long (103 on
   * macOS). Its folder must be there. Who may open it may do what people can do to incidents and policies, so it is
   * only for the application's own user: mode 0600.
   */
  readonly socket: string;
}

const socketPath = z.custom<string>(
  (value) => typeof value === 'string' && problemWith(value) === undefined,
  {
    error: ({ input }) =>
      typeof input === 'string'
        ? problemWith(input)
        : `must be an absolute path such as '/run/app/breakwater.sock', not ${shown(input)}`,
  },
);

function problemWith(path: string): string | undefined {
  return isAbsolute(path)
    ? pathProblem(path)
    : `must be an absolute path such as '/run/app/breakwater.sock', not ${shown(path)}`;
}

/** Checks `ControlOptions`. */
export const controlSchema = options({ socket: socketPath });
