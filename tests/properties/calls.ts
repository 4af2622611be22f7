import type { OperationContext, Policy } from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { follow } from '../support.ts';

/** What one attempt of an operation does. */
const behaviour = fc.record({
  kind: fc.constantFrom(
    'value',
    'undefined',
    'throw',
    'resolve',
    'reject',
    'defect',
    'abort error',
    'heed signal',
    'hang',
    'thenable',
    'abort the caller',
    'throw a string',
  ),
  ms: fc.nat({ max: 400 }),
});

/** One call: when it starts, what each of its attempts does, and what its caller does meanwhile. */
export const call = fc.record({
  startMs: fc.nat({ max: 2_000 }),
  attempts: fc.array(behaviour, { minLength: 1, maxLength: 4 }),
  abortMs: fc.option(fc.nat({ max: 600 }), { nil: undefined, freq: 3 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined, freq: 3 }),
  key: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  idempotent: fc.option(fc.boolean(), { nil: undefined }),
});

type CallPlan = typeof call extends fc.Arbitrary<infer Plan> ? Plan : never;

/** All that an operation left behind ends by then. */
export const LATEST_MS = 100_000;

function perform(kind: string, ms: number, context: OperationContext, caller: AbortController): unknown {
  const later = <T>(
    act: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
    afterMs = ms,
  ) => new Promise<T>((resolve, reject) => setTimeout(() => act(resolve, reject), afterMs));
  switch (kind) {
    case 'value':
      return 'value';
    case 'undefined':
      return undefined;
    case 'throw':
      throw new Error('thrown');
    case 'throw a string':
      throw 'a string';
    case 'resolve':
      return later((resolve) => resolve('later'));
    case 'reject':
      return later((_resolve, reject) => reject(new Error('rejected')));
    case 'defect':
      return Promise.reject(new TypeError('x is not a function'));
    case 'abort error':
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    case 'heed signal':
      return new Promise((_resolve, reject) => {
        const { signal } = context;
        signal.addEventListener('abort', () => reject(signal.reason));
        setTimeout(() => reject(new Error('never aborted')), LATEST_MS);
      });
    case 'thenable':
      return {
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        then: (resolve: (value: string) => void, reject: (error: unknown) => void) => {
          resolve('first');
          resolve('second');
          reject(new Error('third'));
          throw new Error('fourth');
        },
      };
    case 'abort the caller':
      caller.abort(new Error('aborted from within'));
      return 'too late';
    default:
      return later((resolve) => resolve('hung'), LATEST_MS);
  }
}

/** Starts calls at their times. What is given back is filled while they start. */
export function startCalls(
  policy: Pick<Policy, 'execute'>,
  calls: readonly CallPlan[],
): { readonly followed: ReturnType<typeof follow>[]; readonly operations: { started: number } } {
  const operations = { started: 0 };
  const followed: ReturnType<typeof follow>[] = [];
  for (const { startMs, attempts, abortMs, timeoutMs, key, idempotent } of calls) {
    setTimeout(() => {
      const caller = new AbortController();
      if (abortMs !== undefined) setTimeout(() => caller.abort(new Error('gave up')), abortMs);
      let at = 0;
      const operation = (context: OperationContext) => {
        operations.started += 1;
        const { kind, ms } = attempts[Math.min(at, attempts.length - 1)] ?? { kind: 'value', ms: 0 };
        at += 1;
        return perform(kind, ms, context, caller);
      };
      const options = { signal: caller.signal, timeoutMs, cacheKey: key, idempotent };
      followed.push(follow(policy.execute(operation, options)));
    }, startMs);
  }
  return { followed, operations };
}
