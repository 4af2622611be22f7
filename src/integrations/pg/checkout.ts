import type { Pool } from 'pg';
import type { Canceller } from './cancel.ts';
import { judgePgError } from './classify.ts';
import { settleJudgement } from './judgements.ts';
import { Session } from './session.ts';

/**
 * Takes a connection out of the pool. One that comes after `signal` has aborted goes back at once, and an error
 * that comes then harms nobody.
 *
 * Whatever fails here, no statement was sent, so that it may be repeated.
 */
export function checkOut(pool: Pool, canceller: Canceller, signal: AbortSignal): Promise<Session> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client, release) => {
      if (client === undefined) {
        if (error !== undefined) {
          const { verdict } = judgePgError(error) ?? { verdict: 'transient' };
          settleJudgement(error, { verdict, safeToRepeat: true });
        }
        reject(error);
      } else if (signal.aborted) {
        // Not within pg's own call: a thousand waiters that gave up would each add to the stack.
        queueMicrotask(() => release());
        reject(signal.reason);
      } else resolve(new Session(client, canceller));
    });
  });
}
