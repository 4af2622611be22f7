/**
 * Runs the tests that draw their cases at random again and again, each time with new cases: `npm run fuzz`, or
 * `npm run fuzz -- 50 bulkhead` for fifty rounds of the files whose names contain that word. It goes on after a round that
 * failed, and ends with code 1 when any did.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULT_ROUNDS = 10;

const words = process.argv.slice(2);
const rounds = words.find((word) => /^\d+$/.test(word));
const parts = words.filter((word) => word !== rounds);
const files = readdirSync('tests', { recursive: true, encoding: 'utf8' })
  .map((file) => join('tests', file))
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => readFileSync(file, 'utf8').includes("/fast-check.ts'"))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(
    `No test that draws its cases has ${parts.join(' or ')} in its name: leave the word out to run them all.`,
  );
  process.exit(2);
}

const last = Number(rounds ?? DEFAULT_ROUNDS);
console.log(`${files.length} files with new cases, ${last} times:`);
let failed = 0;
for (let round = 1; round <= last; round += 1) {
  const seed = String(randomInt(1, 2 ** 31));
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['vitest', 'run', '--reporter=dot', '--testTimeout=600000', ...files],
    {
      env: { ...process.env, FUZZ_SEED: seed },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`round ${round}, seed ${seed}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  if (status === 0) continue;
  failed += 1;
  console.log(`${stdout}${stderr}\nAgain: FUZZ_SEED=${seed} npx vitest run <the file that failed>\n`);
}
process.exit(failed === 0 ? 0 : 1);
