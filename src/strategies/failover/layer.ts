import type { LiveSettings } from '../../core/adjustable.ts';
import type { Call } from '../../core/call.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { byPreference, pick } from './choice.ts';
import { type EndpointChange, type Finding, OutlierEjection, type Ticket } from './ejection.ts';
import type { EndpointState } from './endpoint.ts';
import type { EndpointCircuits } from './endpoint-circuits.ts';
import { DEFAULT_BASE_EJECTION_MS, type failoverSchema } from './options.ts';
import { EndpointRun } from './run.ts';
import { endpointSamples } from './samples.ts';

const NO_RUNS: readonly EndpointRun[] = [];

/** Whoever runs without ejection holds no ticket that means anything. */
const NO_TICKET: Ticket = { position: -1, generation: -1, trial: 0 };

/** Chooses an endpoint for each run, and knows how all of them are. What one call does is `EndpointRun`'s. */
export class FailoverLayer implements Layer {
  outer: Outer = edge;
  readonly inner: Inner;
  readonly runtime: PolicyRuntime;
  readonly #live: LiveSettings<typeof failoverSchema>;
  readonly #endpoints: readonly EndpointState[];
  /** Any of them. */
  readonly first: EndpointState;
  readonly #ejection: OutlierEjection;
  #preferred: readonly EndpointState[];
  readonly #byHand = new SetByHand<'maxFailovers'>('failover');
  #failovers = 0;
  /** The runs under way of each call, where a call may have several. */
  readonly #runs = new Map<Call, readonly EndpointRun[]>();
  #isClosed = false;
  readonly #circuits: EndpointCircuits;

  constructor(
    inner: Inner,
    runtime: PolicyRuntime,
    live: LiveSettings<typeof failoverSchema>,
    endpoints: readonly EndpointState[],
    circuits: EndpointCircuits,
  ) {
    this.inner = inner;
    this.#circuits = circuits;
    this.runtime = runtime;
    this.#live = live;
    this.#endpoints = endpoints;
    this.first = endpoints.reduce((first) => first);
    this.#ejection = new OutlierEjection(endpoints.length);
    this.#preferred = byPreference(endpoints);
    live.onChange(() => this.#changed());
    runtime.onClose(() => {
      this.#isClosed = true;
    });
  }

  /** To how many more endpoints a call may go that fails now. */
  get maxFailovers(): number {
    return this.#byHand.get('maxFailovers') ?? this.#live.current.maxFailovers;
  }

  enter(passage: Passage, now: number): void {
    const run = new EndpointRun(this, passage, undefined, now);
    run.go(this.choose(run, now) ?? this.#soonestOpen, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage instanceof EndpointRun) passage.settled(outcome, now);
    else this.outer.settle(passage, outcome, now);
  }

  /** Whether the circuits of all endpoints would turn it away. */
  refuses(passage: Passage, now: number): boolean {
    const run = new EndpointRun(this, passage, undefined, now);
    const refused = this.#preferred.every((endpoint) => run.refusedAt(endpoint, now));
    run.close();
    return refused;
  }

  limits(): readonly LimitControl[] {
    return [
      this.#byHand.limit('maxFailovers', {
        text: 'endpoints that a call may go to after its first one failed',
        type: 'count',
        configured: this.#live.current.maxFailovers,
        current: this.maxFailovers,
      }),
    ];
  }

  samples(): readonly LayerSample[] {
    return [
      { family: layerFamilies.failovers, labels: {}, read: () => this.#failovers },
      ...this.#endpoints.flatMap((endpoint) =>
        endpointSamples(endpoint, () => this.#ejection.isEjected(endpoint.position)),
      ),
    ];
  }

  /**
   * Where a run goes: to a healthy endpoint, else to one that is ejected, which may do all the same. `undefined` where
   * the circuits of all that its call has not tried yet would turn it away.
   *
   * Where another run of its call is already, as beside a hedge, it goes only if it must begin somewhere and no other is
   * healthy: what is slow there would be slow for it too.
   *
   * @param run asks the circuits, and knows where its call has been
   */
  choose(run: EndpointRun, now: number): EndpointState | undefined {
    const isBalanced = this.#live.current.balance === 'balanced';
    const beside = this.#runs.get(run.call) ?? NO_RUNS;
    const isTaken = (one: EndpointState): boolean => beside.some(({ endpoint }) => endpoint === one);
    if (!isBalanced) {
      const first = this.#preferred.find(
        (one) => !run.hasTried(one) && !isTaken(one) && this.#isUsable(one, run, now),
      );
      if (first !== undefined) return first;
    }
    const allowed = this.#preferred.filter(
      (one) => !(run.hasTried(one) || (run.goesOn && isTaken(one)) || run.refusedAt(one, now)),
    );
    const healthy = allowed.filter((endpoint) => this.#isHealthy(endpoint, run, now));
    const best = healthy.length > 0 ? healthy : allowed;
    const free = beside.length === 0 ? best : best.filter((one) => !isTaken(one));
    return pick(free.length > 0 ? free : best, isBalanced, now, Math.random);
  }

  /** Spends an extra attempt of the policy's budget, or says that there is none left. */
  takesExtra({ trace }: Call, now: number): boolean {
    if (this.runtime.budget.take(now)) return true;
    this.runtime.rejected('budget_spent', undefined, trace);
    return false;
  }

  began(run: EndpointRun, endpoint: EndpointState, now: number): Ticket {
    endpoint.runStarted();
    const { call } = run;
    if (this.runtime.runsBeside) this.#runs.set(call, [...(this.#runs.get(call) ?? NO_RUNS), run]);
    const { ejection } = this.#live.current;
    return ejection === false ? NO_TICKET : this.#ejection.begin(endpoint.position, ejection, now);
  }

  /** A run is over; what it tells about its endpoint. */
  ended(run: EndpointRun, ticket: Ticket, finding: Finding, now: number): void {
    const { call } = run;
    const beside = this.#runs.get(call)?.filter((other) => other !== run) ?? NO_RUNS;
    if (beside.length > 0) this.#runs.set(call, beside);
    else this.#runs.delete(call);
    const { ejection } = this.#live.current;
    if (ejection === false) return;
    for (const change of this.#ejection.end(ticket, finding, ejection, now)) this.#announce(change);
  }

  /** A call goes on. */
  failsOver(from: EndpointState, to: EndpointState, outcome: Outcome, passage: Passage): void {
    this.#failovers += 1;
    const { events, name } = this.runtime;
    if (!events.heard.failover) return;
    const { trace } = passage.call;
    events.emit('failover', {
      policy: name,
      time: wallNow(),
      from: from.name,
      to: to.name,
      error: outcome.error,
      trace,
    });
  }

  /** Where all circuits are open: the one to let calls through first, so that a caller hears when that is. */
  get #soonestOpen(): EndpointState {
    const closedForMs = (endpoint: EndpointState) => this.#circuits.of(endpoint)?.retryAfterMs ?? 0;
    return this.#preferred.reduce((best, other) => (closedForMs(other) < closedForMs(best) ? other : best));
  }

  #isUsable(endpoint: EndpointState, run: EndpointRun, now: number): boolean {
    return this.#isHealthy(endpoint, run, now) && !run.refusedAt(endpoint, now);
  }

  /**
   * A call that could not go on from there is not the one to try an endpoint again, as a trial or as a probe of its
   * circuit, unless nobody else has for as long as the shortest ejection.
   */
  #isHealthy(endpoint: EndpointState, run: EndpointRun, now: number): boolean {
    const { ejection } = this.#live.current;
    const { position } = endpoint;
    const standing = ejection === false ? 'in-service' : this.#ejection.standing(position, ejection, now);
    if (standing === 'out') return false;
    const isSafe = run.mayRepeat && this.maxFailovers > 0 && this.runtime.budget.allows(now);
    if (isSafe) return true;
    const { baseEjectionMs = DEFAULT_BASE_EJECTION_MS } = ejection === false ? {} : ejection;
    return (
      (standing === 'in-service' || this.#ejection.overdueMs(position, now) >= baseEjectionMs) &&
      this.#circuits.waitedMs(endpoint) >= baseEjectionMs
    );
  }

  #changed(): void {
    const { endpoints, ejection } = this.#live.current;
    for (const [at, { weight, priority }] of endpoints.entries()) {
      const endpoint = this.#endpoints[at];
      if (endpoint === undefined) continue;
      endpoint.weight = weight;
      endpoint.priority = priority;
    }
    this.#preferred = byPreference(this.#endpoints);
    if (ejection !== false) return;
    for (const change of this.#ejection.reset(monotonicNow())) this.#announce(change);
  }

  #announce({ position, ...change }: EndpointChange): void {
    const endpoint = this.#endpoints[position];
    const { events, name } = this.runtime;
    // A policy that was removed has nothing more to say: another may have its name.
    if (endpoint === undefined || this.#isClosed || !events.heard.endpoint) return;
    events.emit('endpoint', {
      policy: name,
      time: wallNow(),
      endpoint: endpoint.name,
      ...change,
      endpoints: this.#endpoints.length,
    });
  }
}
