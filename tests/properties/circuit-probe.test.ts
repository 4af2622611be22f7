import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_GENERATION, type Permit } from '../../src/core/permit.ts';
import { circuitBreaker } from '../../src/index.ts';
import { CircuitMachine } from '../../src/strategies/circuit-breaker/machine.ts';
import { circuitBreakerSchema } from '../../src/strategies/circuit-breaker/options.ts';
import { fc } from '../fast-check.ts';
import { testHub } from '../support.ts';
import { CircuitModel, type ModelPermit } from './circuit-model.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settings = fc
  .record({
    consecutiveFailures: fc.integer({ min: 1, max: 3 }),
    halfOpenProbes: fc.integer({ min: 1, max: 3 }),
    failures: fc.integer({ min: 1, max: 3 }),
    openBackoffFactor: fc.constantFrom(1, 2),
  })
  .map(({ failures, ...rest }) =>
    circuitBreakerSchema.parse({
      ...rest,
      failureRate: false,
      openMs: 50,
      window: { type: 'count', size: 5 },
      probe: { check: () => true, failures },
    }),
  );

const command = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('call' as const), failed: fc.boolean() }) },
  { weight: 10, arbitrary: fc.constant({ do: 'begin-check' } as const) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('end-check' as const),
      at: fc.nat({ max: 3 }),
      healthy: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 120 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'ask' } as const) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'force' } as const, { do: 'reset' } as const) },
);

const never = (): number => 0;

test('health checks move the machine as they move the model, however late they end', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const visited = new Set<string>();
  fc.assert(
    fc.property(settings, fc.array(command, { maxLength: 100, size: 'max' }), (given, commands) => {
      const machine = new CircuitMachine(given, ({ from, to, reason }) => {
        visited.add(`${from} to ${to}: ${reason.replaceAll(/\d+/g, 'n')}`);
      });
      const model = new CircuitModel(given);
      let checks: [number, ModelPermit][] = [];
      let now = 1_000;
      for (const step of commands) {
        switch (step.do) {
          case 'call': {
            const permit: Permit = { generation: NO_GENERATION, admittedAt: 0 };
            const admitted = machine.admit(permit, now);
            const expected = model.admit(now);
            expect(admitted).toBe(expected !== undefined);
            if (admitted) expect(machine.state).not.toBe('half-open');
            machine.settle(permit, step.failed, now, never, undefined);
            if (expected !== undefined) model.settle(expected, step.failed, now);
            break;
          }
          case 'begin-check':
            checks.push([machine.generation, model.beginCheck(now)]);
            break;
          case 'end-check': {
            const check = checks[step.at % Math.max(1, checks.length)];
            if (check === undefined) break;
            checks = checks.filter((other) => other !== check);
            machine.checked(check[0], step.healthy ? undefined : 'failed', now, never);
            model.endCheck(check[1], step.healthy, now);
            break;
          }
          case 'wait':
            now += step.ms;
            machine.wake(now, never);
            model.passTime(now);
            break;
          case 'ask':
            expect(machine.probeNow('test')).toBe(model.probeNow());
            break;
          case 'force':
            machine.forceOpen('test', now + 50);
            model.forceOpen(now + 50);
            break;
          default:
            machine.reset();
            model.reset();
        }
        expect(machine.state).toBe(model.state);
        expect(machine.failedRecoveries).toBe(model.failedRecoveries);
      }
    }),
    { numRuns: 150 },
  );
  expect([...visited]).toEqual(
    expect.arrayContaining([
      'half-open to closed: its health check succeeded',
      'half-open to open: its health check failed',
      'closed to open: n health checks in a row failed; the last failed',
    ]),
  );
});

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), failed: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('forceOpen' as const, 'probeNow' as const, 'reset' as const),
    }),
  },
);
const answer = fc.record({
  afterMs: fc.integer({ min: 0, max: 300 }),
  heedsSignal: fc.boolean(),
  healthy: fc.boolean(),
});

test('there is never more than one check at once within its time, no call in its place, and nothing is left', async () => {
  const TIMEOUT_MS = 100;
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 10 }),
      fc.array(action, { maxLength: 40, size: 'max' }),
      async (answers, actions) => {
        const running = new Set<number>();
        let checks = 0;
        let overlaps = 0;
        const check = ({ signal }: { readonly signal: AbortSignal }): Promise<boolean> => {
          const number = checks;
          checks += 1;
          ran += 1;
          const { afterMs, heedsSignal, healthy } = answers[number % answers.length] ?? {
            afterMs: 0,
            healthy: true,
          };
          if (running.size > 0) overlaps += 1;
          running.add(number);
          return new Promise((resolve, reject) => {
            const forget = setTimeout(() => running.delete(number), TIMEOUT_MS);
            const timer = setTimeout(
              () => {
                clearTimeout(forget);
                running.delete(number);
                resolve(healthy);
              },
              Math.min(afterMs, TIMEOUT_MS * 3),
            );
            if (heedsSignal !== true) return;
            signal.addEventListener('abort', () => {
              clearTimeout(timer);
              clearTimeout(forget);
              running.delete(number);
              reject(signal.reason);
            });
          });
        };
        const policy = testHub().policy('database', {
          strategies: [
            circuitBreaker({
              consecutiveFailures: 1,
              openMs: 150,
              probe: { check, timeoutMs: TIMEOUT_MS, intervalMs: 200, failures: 1 },
            }),
          ],
        });
        for (const step of actions) {
          if (step.do === 'wait') await vi.advanceTimersByTimeAsync(step.ms);
          else if (step.do === 'call') {
            const { state } = policy.circuit;
            const operation = vi.fn(() =>
              step.failed ? Promise.reject(new Error('down')) : Promise.resolve(1),
            );
            await policy.execute(operation).catch(() => {});
            expect(operation).toHaveBeenCalledTimes(state === 'closed' ? 1 : 0);
          } else if (step.do === 'reset') policy.circuit.reset();
          else policy.circuit[step.do]('test');
        }
        expect(overlaps).toBe(0);
        policy.dispose();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(vi.getTimerCount()).toBe(0);
        const before = checks;
        await vi.advanceTimersByTimeAsync(1_000);
        expect(checks).toBe(before);
      },
    ),
    { numRuns: 60 },
  );
  expect(ran).toBeGreaterThan(50);
});
