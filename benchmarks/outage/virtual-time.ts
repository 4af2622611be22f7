import { setImmediate as nextTurn } from 'node:timers/promises';
import { install } from '@sinonjs/fake-timers';
import { seededRandom } from '../support/random.ts';

/** When virtual time begins, in milliseconds since the epoch. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * Runs `work` in virtual time, from 0 until `untilMs`: timers, `Date` and `performance.now()` are the simulation's,
 * and `Math.random()` is seeded, for the libraries too. Nothing waits; between two timers all promises settle.
 *
 * @returns what `work` gave, once the time is over
 */
export async function inVirtualTime<T>(seed: number, untilMs: number, work: () => T): Promise<T> {
  const { random } = Math;
  const clock = install({
    now: EPOCH_MS,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
  Math.random = seededRandom(seed);
  try {
    let over = false;
    setTimeout(() => {
      over = true;
    }, untilMs);
    const result = work();
    while (!over) {
      clock.next();
      await nextTurn();
    }
    return result;
  } finally {
    clock.uninstall();
    Math.random = random;
  }
}
