import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isBreakwaterError, type PolicyChanges } from '../../src/index.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const retryChanges: fc.Arbitrary<Record<string, number>> = fc.record(
  { maxRetries: fc.integer({ min: -1, max: 4 }), baseDelayMs: fc.integer({ min: 0, max: 3 }) },
  { requiredKeys: [] },
);
const breakerChanges: fc.Arbitrary<Record<string, number>> = fc.record(
  { openMs: fc.integer({ min: 1, max: 4 }), maxOpenMs: fc.integer({ min: 1, max: 4 }) },
  { requiredKeys: [] },
);
const changes: fc.Arbitrary<Changes> = fc.record(
  { retry: retryChanges, circuitBreaker: breakerChanges, attemptTimeoutMs: fc.integer({ min: 0, max: 9 }) },
  { requiredKeys: [] },
);

/** What is asked for, and what it comes to: by layer, options by their names. */
type Changes = PolicyChanges & {
  readonly retry?: Record<string, number>;
  readonly circuitBreaker?: Record<string, number>;
  readonly attemptTimeoutMs?: number;
};
type Effective = Readonly<Record<string, Readonly<Record<string, number>>>>;

const step = fc.oneof(
  fc.record({ kind: fc.constant('for-good' as const), changes }),
  fc.record({ kind: fc.constant('for-a-time' as const), changes, forMs: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('end' as const), nth: fc.nat(5) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
);

interface Override {
  readonly given: Effective;
  readonly until: number;
  readonly end: () => void;
}

function asEffective({ retry, circuitBreaker, attemptTimeoutMs }: Changes): Effective {
  return {
    ...(retry === undefined ? {} : { retry }),
    ...(circuitBreaker === undefined ? {} : { circuitBreaker }),
    ...(attemptTimeoutMs === undefined ? {} : { attempt: { timeoutMs: attemptTimeoutMs } }),
  };
}

function isValid(layer: string, options: Readonly<Record<string, number>>): boolean {
  if (layer === 'retry') return (options.maxRetries ?? 0) >= 0;
  if (layer === 'attempt') return (options.timeoutMs ?? 1) > 0;
  return (options.maxOpenMs ?? 0) >= (options.openMs ?? 0);
}

/** What holds: what was given for good, and on top each override that it can lie on. */
class Model {
  base: Effective = {
    retry: { maxRetries: 3, baseDelayMs: 0 },
    circuitBreaker: { openMs: 2, maxOpenMs: 3 },
    attempt: { timeoutMs: 9 },
  };
  overrides: Override[] = [];

  get holds(): Effective {
    return this.#under(this.base, this.overrides).holds;
  }

  /** Whether an update for good is taken. */
  change(given: Effective): boolean {
    const base = merged(this.base, given);
    const touched = this.overrides.map(({ given: all, ...rest }) => ({
      ...rest,
      given: Object.fromEntries(Object.entries(all).filter(([layer]) => layer in given)),
    }));
    if (!allValid(base) || this.#under(base, touched).passedOver) return false;
    this.base = base;
    return true;
  }

  accepts(given: Effective): boolean {
    return allValid(merged(this.holds, given));
  }

  #under(base: Effective, overrides: readonly Override[]): { holds: Effective; passedOver: boolean } {
    let holds = base;
    let passedOver = false;
    for (const { given } of overrides) {
      for (const [layer, options] of Object.entries(given)) {
        const next = { ...holds[layer], ...options };
        if (isValid(layer, next)) holds = { ...holds, [layer]: next };
        else passedOver = true;
      }
    }
    return { holds, passedOver };
  }
}

function merged(base: Effective, given: Effective): Effective {
  const layers = Object.entries(given).map(([layer, options]) => [layer, { ...base[layer], ...options }]);
  return { ...base, ...Object.fromEntries(layers) };
}

function allValid(options: Effective): boolean {
  return Object.entries(options).every(([layer, own]) => isValid(layer, own));
}

function taken<T>(update: () => T): { readonly value: T } | undefined {
  try {
    return { value: update() };
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) return undefined;
    throw error;
  }
}

test('what holds is what was given for good, under the overrides in their order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const policy = testHub().policy('database', {
        retry: { maxRetries: 3, baseDelayMs: 0 },
        circuitBreaker: { openMs: 2, maxOpenMs: 3 },
        attemptTimeoutMs: 9,
      });
      const model = new Model();
      let now = 0;
      for (const next of steps) {
        if (next.kind === 'for-good') {
          const was = taken(() => policy.update(next.changes));
          expect(was !== undefined).toBe(model.change(asEffective(next.changes)));
        } else if (next.kind === 'for-a-time') {
          const given = asEffective(next.changes);
          const accepted = model.accepts(given);
          const was = taken(() => policy.update(next.changes, { forMs: next.forMs }));
          expect(was !== undefined).toBe(accepted);
          if (was !== undefined) model.overrides.push({ given, until: now + next.forMs, end: was.value });
        } else if (next.kind === 'end') {
          const [ended] = model.overrides.splice(next.nth, 1);
          ended?.end();
        } else {
          vi.advanceTimersByTime(next.ms);
          now += next.ms;
          model.overrides = model.overrides.filter(({ until }) => until > now);
        }
        const { retry, circuitBreaker, attemptTimeoutMs } = policy.options;
        const { attempt, ...others } = model.holds;
        expect({ retry, circuitBreaker }).toMatchObject(others);
        expect(attemptTimeoutMs).toBe(attempt?.timeoutMs);
      }
      vi.advanceTimersByTime(60);
      expect(policy.options).toMatchObject({
        retry: model.base.retry,
        circuitBreaker: model.base.circuitBreaker,
      });
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 80 },
  );
});
