/**
 * The compiler of TypeScript 7, below the root of the repository, to be run by Node. It is several times as fast as the one
 * before, which stays for those who use it as a library.
 */
export const tsc = 'node_modules/typescript-7/bin/tsc';
