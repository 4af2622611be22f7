/** Changing thresholds while calls run: for good, and for as long as an event lasts. */
import { createBreakwater, isBreakwaterError } from 'breakwater';

const line = (_fields: unknown, text?: string): void => console.log(text);
const breakwater = createBreakwater({ logger: { debug: line, info: line, warn: line, error: line } });
const search = breakwater.policy('search', {
  retry: { maxRetries: 3, baseDelayMs: 10, jitter: 'none' },
  attemptTimeoutMs: 2_000,
});

let attempts = 0;
async function attemptsOfOneCall(): Promise<number> {
  attempts = 0;
  await search
    .execute(() => {
      attempts += 1;
      return Promise.reject(new Error('the index is busy'));
    })
    .catch(() => {});
  return attempts;
}

console.log(`attempts: ${await attemptsOfOneCall()}`);

// The sale begins: less patience for an hour. It may be ended early.
const endSale = search.update({ retry: { maxRetries: 0 }, attemptTimeoutMs: 300 }, { forMs: 3_600_000 });
console.log(`attempts during the sale: ${await attemptsOfOneCall()}`);

// What is changed for good lies below that, and shows when the sale is over.
search.update({ retry: { maxRetries: 1 } });
console.log(`attempts during the sale: ${await attemptsOfOneCall()}`);
endSale();
console.log(
  `attempts after it: ${await attemptsOfOneCall()}, the window kept ${search.stats().window.attempts}`,
);

try {
  search.update({ retry: { maxRetries: -1 }, attemptTimeoutMs: 0 });
} catch (error) {
  if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
  console.log(`nothing changed: ${error.problems.map(({ path }) => path).join(', ')}`);
}

await breakwater.close();
