import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CircuitState } from '../../src/core/circuit.ts';
import { isOpen } from '../../src/incidents/incident/status.ts';
import { Harness, resolveByHand } from './fixtures.ts';

const HOLD_MS = 60_000;
const CIRCUITS = 2;

type Step =
  | {
      readonly type: 'move';
      readonly policy: number;
      readonly circuit: number;
      readonly to: CircuitState;
      readonly manual: boolean;
    }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'resolve'; readonly policy: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('move' as const),
      policy: fc.nat(1),
      circuit: fc.nat(CIRCUITS - 1),
      to: fc.constantFrom<CircuitState>('closed', 'closed', 'open', 'half-open', 'forced-open', 'disabled'),
      manual: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 20_000, 59_999, HOLD_MS, 200_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('resolve' as const), policy: fc.nat(1) }) },
);

/** One policy, as simply as it can be said. */
class Model {
  readonly states: CircuitState[] = Array.from({ length: CIRCUITS }, () => 'closed');
  declared = 0;
  open = false;
  closedFor: number | undefined = undefined;

  move(circuit: number, to: CircuitState, manual: boolean): void {
    this.states[circuit] = to;
    if (!this.open && to === 'open' && !manual) {
      this.open = true;
      this.declared += 1;
      this.closedFor = undefined;
    } else if (!this.states.every((state) => state === 'closed')) this.closedFor = undefined;
    else this.closedFor ??= 0;
  }

  wait(ms: number): void {
    if (!this.open || this.closedFor === undefined) return;
    this.closedFor += ms;
    if (this.closedFor >= HOLD_MS) this.open = false;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('agrees with a simple model whatever the circuits do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const harness = new Harness({
        resolveAfterMs: HOLD_MS,
        maxResolvedIncidents: 1_000,
        reopenWithinMs: 0,
        flapping: false,
        digest: false,
      });
      const { manager } = harness;
      const names = ['a', 'b'];
      const policies = names.map((name) => harness.policy(name, CIRCUITS));
      const models = names.map(() => new Model());
      for (const next of steps) {
        if (next.type === 'wait') {
          await vi.advanceTimersByTimeAsync(next.ms);
          for (const model of models) model.wait(next.ms);
        } else if (next.type === 'move') {
          const { to, manual, circuit } = next;
          policies[next.policy]?.move(to, { at: circuit, manual });
          models[next.policy]?.move(circuit, to, manual);
        } else {
          const open = manager.open().find(({ policy }) => policy === names[next.policy]);
          const model = models[next.policy];
          expect(open !== undefined).toBe(model?.open);
          if (open !== undefined) resolveByHand(manager, open.id);
          if (model !== undefined) model.open = false;
        }
        for (const [at, model] of models.entries()) {
          const all = manager.list().filter(({ policy }) => policy === names[at]);
          expect(all.filter(({ status }) => isOpen(status))).toHaveLength(model.open ? 1 : 0);
          expect(all).toHaveLength(model.declared);
        }
        expect(vi.getTimerCount()).toBe(manager.open().length > 0 ? 1 : 0);
      }
      await manager.close();
      await vi.advanceTimersByTimeAsync(0);
      for (const { id, status } of manager.list()) {
        const told = harness.sink.got.filter(({ incident }) => incident.id === id).map(({ kind }) => kind);
        expect(told[0]).toBe('opened');
        expect(told.filter((kind) => kind === 'opened')).toHaveLength(1);
        expect(told.filter((kind) => kind === 'resolved')).toHaveLength(status === 'resolved' ? 1 : 0);
        if (status === 'resolved') expect(told.at(-1)).toBe('resolved');
      }
      expect(vi.getTimerCount()).toBe(0);
      expect([...harness.reports, ...harness.listenerErrors]).toEqual([]);
      for (const [key, count] of harness.gauge) {
        const [severity, status] = key.split(' ');
        expect(count).toBe(
          manager.list().filter((incident) => incident.severity === severity && incident.status === status)
            .length,
        );
      }
    }),
    { numRuns: 150 },
  );
});
