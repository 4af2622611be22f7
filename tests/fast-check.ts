/**
 * fast-check, whose cases are the same in each run, so that a run of the tests fails for what changed and never by chance.
 * `npm run fuzz` runs them with new ones.
 */
import { env } from 'node:process';
import fc from 'fast-check';

/** From what all cases are drawn, those of tests that draw them in another way too. */
export const seed = Number(env.FUZZ_SEED ?? 1);

/** Looking for what nobody thought of, it takes longer cases too. */
const baseSize = env.FUZZ_SEED === undefined ? 'small' : 'medium';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed, baseSize });

export { fc };
