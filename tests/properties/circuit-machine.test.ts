import { expect, test, vi } from 'vitest';
import { NO_GENERATION, type Permit } from '../../src/core/permit.ts';
import { CircuitMachine } from '../../src/strategies/circuit-breaker/machine.ts';
import { circuitBreakerSchema } from '../../src/strategies/circuit-breaker/options.ts';
import { fc } from '../fast-check.ts';
import { CircuitModel, type ModelPermit } from './circuit-model.ts';

const rate = fc.constantFrom<(number | false)[]>(0.01, 0.25, 0.5, 0.75, 1, false);

const settings = fc
  .record({
    failureRate: rate,
    consecutiveFailures: fc.constantFrom<(number | false)[]>(false, 1, 2, 4),
    slowRate: rate,
    size: fc.integer({ min: 1, max: 12 }),
    minimumThroughput: fc.integer({ min: 1, max: 12 }),
    openMs: fc.integer({ min: 1, max: 200 }),
    openBackoffFactor: fc.constantFrom(1, 1.5, 2),
    halfOpenProbes: fc.integer({ min: 1, max: 4 }),
    halfOpenMaxMs: fc.integer({ min: 1, max: 200 }),
  })
  .filter(
    ({ failureRate, consecutiveFailures, slowRate }) =>
      (failureRate || consecutiveFailures || slowRate) !== false,
  )
  .map(({ size, minimumThroughput, slowRate, ...rest }) =>
    circuitBreakerSchema.parse({
      ...rest,
      slowRate,
      ...(slowRate === false ? {} : { slowAttemptMs: 30 }),
      window: { type: 'count', size },
      minimumThroughput: Math.min(minimumThroughput, size),
      maxOpenMs: rest.openMs * 3,
    }),
  );

/** Which permit, from the newest: mostly one of the last, sometimes an old one. */
const index = fc.oneof(
  { weight: 5, arbitrary: fc.nat({ max: 1 }) },
  { weight: 1, arbitrary: fc.nat({ max: 30 }) },
);
const command = fc.oneof(
  { weight: 40, arbitrary: fc.constant({ do: 'admit' } as const) },
  {
    weight: 40,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      at: index,
      failed: fc.boolean(),
      retryAfterMs: fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('release' as const), at: index }) },
  {
    weight: 25,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 300 }) }),
  },
  { weight: 8, arbitrary: fc.constant({ do: 'wake' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('force' as const, 'disable' as const),
      forMs: fc.nat({ max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'reset' } as const) },
  { weight: 4, arbitrary: fc.constant({ do: 'probe' } as const) },
);

/** Chance that adds nothing. */
const never = (): number => 0;

function admit(machine: CircuitMachine, now: number): Permit | undefined {
  const permit: Permit = { generation: NO_GENERATION, admittedAt: 0 };
  return machine.admit(permit, now) ? permit : undefined;
}

test('the machine does what the model does, whatever is admitted, settled late, twice or never', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const visited = new Set<string>();
  fc.assert(
    fc.property(settings, fc.array(command, { maxLength: 120, size: 'max' }), (given, commands) => {
      const transitions: string[] = [];
      const machine = new CircuitMachine(given, ({ from, to }) => transitions.push(`${from} to ${to}`));
      const model = new CircuitModel(given);
      const permits: [Permit, ModelPermit][] = [];
      let now = 1_000;
      for (const step of commands) {
        const chosen =
          'at' in step ? permits[permits.length - 1 - (step.at % Math.max(1, permits.length))] : undefined;
        switch (step.do) {
          case 'admit': {
            const permit = admit(machine, now);
            const expected = model.admit(now);
            expect(permit === undefined).toBe(expected === undefined);
            if (permit !== undefined && expected !== undefined) permits.push([permit, expected]);
            break;
          }
          case 'settle':
            if (chosen === undefined) break;
            machine.settle(chosen[0], step.failed, now, never, step.retryAfterMs);
            model.settle(chosen[1], step.failed, now, step.retryAfterMs);
            break;
          case 'release':
            if (chosen === undefined) break;
            machine.release(chosen[0]);
            model.release(chosen[1]);
            break;
          case 'wait':
            now += step.ms;
            break;
          case 'wake':
            machine.wake(now, never);
            model.passTime(now);
            break;
          case 'force':
            machine.forceOpen('test', now + step.forMs);
            model.forceOpen(now + step.forMs);
            break;
          case 'disable':
            machine.disable(now + step.forMs);
            model.disable(now + step.forMs);
            break;
          case 'probe':
            expect(machine.probeNow('test')).toBe(model.probeNow());
            break;
          default:
            machine.reset();
            model.reset();
        }
        expect(machine.state).toBe(model.state);
        expect(machine.counts(now)).toEqual(model.counts);
        expect(machine.failedRecoveries).toBe(model.failedRecoveries);
        if (machine.state !== 'half-open') expect(machine.wakeAt).toBe(model.until);
      }
      expect(transitions).toEqual(model.transitions);
      for (const transition of transitions) visited.add(transition);
    }),
    { numRuns: 600 },
  );
  expect([...visited]).toEqual(
    expect.arrayContaining([
      'closed to open',
      'open to half-open',
      'half-open to open',
      'half-open to closed',
    ]),
  );
});

test('half-open never has more than halfOpenProbes running or settled', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      (halfOpenProbes, steps) => {
        const machine = new CircuitMachine(
          circuitBreakerSchema.parse({ failureRate: 1, consecutiveFailures: 1, openMs: 10, halfOpenProbes }),
          () => {},
        );
        const first = admit(machine, 0);
        if (first !== undefined) machine.settle(first, true, 0, never, undefined);
        machine.wake(10, never);
        expect(machine.state).toBe('half-open');
        const running: Permit[] = [];
        for (const admits of steps) {
          if (admits) {
            const permit = admit(machine, 10);
            if (permit !== undefined) running.push(permit);
          } else {
            const permit = running.shift();
            if (permit !== undefined) machine.release(permit);
          }
          expect(running.length).toBeLessThanOrEqual(halfOpenProbes);
        }
        while (running.length < halfOpenProbes) {
          const permit = admit(machine, 10);
          expect(permit).toBeDefined();
          if (permit !== undefined) running.push(permit);
        }
        expect(admit(machine, 10)).toBeUndefined();
        expect(machine.refuses(10)).toBe(true);
      },
    ),
  );
});
