import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CircuitState } from '../../src/core/circuit.ts';
import { isOpen } from '../../src/incidents/incident/status.ts';
import { fc } from '../fast-check.ts';
import { Harness, resolveByHand, sloEvent } from './fixtures.ts';

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
      // The manager rests for 50 ms after it looked: two things that are due are due at once, or further apart than that.
      ms: fc.constantFrom(100, 20_000, 59_900, HOLD_MS, 200_000),
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

/** Those of a case that failed would fail all cases that it is shrunk to. */
const forgetTimers = (): void => void vi.clearAllTimers();

afterEach(() => {
  vi.useRealTimers();
});

it('agrees with a simple model whatever the circuits do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      forgetTimers();
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

type Trouble =
  | { readonly type: 'circuit'; readonly to: 'open' | 'half-open' | 'closed' }
  | { readonly type: 'slo'; readonly status: 'burning' | 'recovered' | 'exhausted' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'jump'; readonly ms: number }
  | { readonly type: 'do'; readonly what: 'acknowledge' | 'resolve' | 'reopen' | 'silence' };

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({
    type: fc.constant('circuit' as const),
    to: fc.constantFrom('open' as const, 'half-open' as const, 'closed' as const),
  }),
  fc.record({
    type: fc.constant('slo' as const),
    status: fc.constantFrom('burning' as const, 'recovered' as const, 'exhausted' as const),
  }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 15_000, HOLD_MS, 400_000) }),
  fc.record({ type: fc.constant('jump' as const), ms: fc.constantFrom(-86_400_000, 3_600_000) }),
  fc.record({
    type: fc.constant('do' as const),
    what: fc.constantFrom('acknowledge' as const, 'resolve' as const, 'reopen' as const, 'silence' as const),
  }),
);

it('keeps one incident open while something lasts, and tells its beginning before its end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { maxLength: 40 }), async (steps) => {
      forgetTimers();
      const harness = new Harness({ resolveAfterMs: HOLD_MS, maxResolvedIncidents: 1_000 });
      const { manager, sink } = harness;
      const policy = harness.policy('database');
      let burns = false;
      // Whether a person ended what lasts: then nothing is to be open for it until it begins anew. A circuit that opens
      // does not begin a burn anew.
      let burnEnded = true;
      let circuitEnded = true;
      for (const step of steps) {
        const [open] = manager.open();
        if (step.type === 'wait') await vi.advanceTimersByTimeAsync(step.ms);
        else if (step.type === 'jump') vi.setSystemTime(Date.now() + step.ms);
        else if (step.type === 'circuit') {
          policy.move(step.to);
          if (step.to === 'open') circuitEnded = false;
        } else if (step.type === 'slo') {
          harness.events.emit('slo', sloEvent(step.status));
          if (step.status !== 'exhausted') burns = step.status === 'burning';
          if (step.status === 'burning') burnEnded = false;
        } else if (step.what === 'silence') manager.silence({ forMs: 90_000, by: 'Ada', reason: 'noise' });
        else if (step.what === 'reopen') {
          const over = manager.list().at(-1);
          if (open === undefined && over?.status === 'resolved')
            manager.do(over.id, { do: 'reopen', by: 'Ada', reason: 'it is back' });
        } else if (open !== undefined && step.what === 'resolve') {
          resolveByHand(manager, open.id);
          burnEnded = true;
          circuitEnded = true;
        } else if (open?.status === 'declared') manager.acknowledge(open.id, 'Ada');
        expect(manager.open().length).toBeLessThanOrEqual(1);
        const circuitLasts = policy.circuits.some(({ state }) => state !== 'closed');
        if ((burns && !burnEnded) || (circuitLasts && !circuitEnded)) expect(manager.open()).toHaveLength(1);
        // What is over by itself begins with a circuit that opens, not with one that probes.
        if (!circuitLasts && manager.open().length === 0) circuitEnded = true;
        expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
      }
      await vi.advanceTimersByTimeAsync(100_000);
      for (const { id, status } of manager.list()) {
        const told = sink.got.filter(({ incident }) => incident.id === id).map(({ kind }) => kind);
        const turns = told.filter((kind) => kind !== 'updated');
        expect(turns.every((kind, at) => kind === (at % 2 === 0 ? 'opened' : 'resolved'))).toBe(true);
        if (turns.length === 0) expect(told).toEqual([]);
        if (isOpen(status)) expect(turns.at(-1)).toBe('opened');
        else if (turns.length > 0) expect(turns.at(-1)).toBe('resolved');
      }
      await manager.close();
      expect([...harness.reports, ...harness.listenerErrors]).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 80 },
  );
});
