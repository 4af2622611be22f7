import { basename, dirname, join } from 'node:path';

/** What a Unix socket's address has room for, less the byte that ends it. */
const MAX_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;

/** Length of the folder's name in which a socket is made before it gets its place, and of its name there. */
const MAKING_PLACE = join('.bw-XXXXXX', 's');

/** What is wrong with a socket's path; `undefined` where nothing is. */
export function pathProblem(path: string): string | undefined {
  if (path.includes('\0')) return 'must hold no NUL character';
  const longest = Math.max(Buffer.byteLength(basename(path)), MAKING_PLACE.length);
  const bytes = Buffer.byteLength(join(dirname(path), '/')) + longest;
  if (bytes <= MAX_PATH_BYTES) return undefined;
  return `is too long for a Unix socket: it would need ${bytes} bytes, and there are ${MAX_PATH_BYTES}; choose a shorter folder, such as /run/app`;
}
