import { type OperationContext, OperationRunner } from './attempt.ts';
import {
  Call,
  type CallSettings,
  DetailedCall,
  type DetailedResult,
  type Invocation,
  type Operation,
} from './call.ts';
import { type CallOptions, callSettings, NO_SETTINGS, type WrapOptions, wrapSchema } from './call-options.ts';
import { type ChaosControl, oneSwitch } from './chaos-control.ts';
import type { Circuit } from './circuit.ts';
import { type LimitControl, limitsOf } from './control.ts';
import type { PolicyCounts } from './counts.ts';
import { ClosedError, InvalidOptionsError, withoutStack } from './errors.ts';
import { explainPipeline } from './explain.ts';
import type { PolicyFacts } from './hazards/rules.ts';
import type { Hazard } from './hazards.ts';
import { KeySpace, namespaceOf } from './key-space.ts';
import { joined, type LayerSample } from './layer-metrics.ts';
import { noCircuit } from './no-circuit.ts';
import type { Component } from './observer.ts';
import { parseOptions, shown } from './options.ts';
import { compose, type Inner, type Strategy, type StrategyKind } from './pipeline.ts';
import { heldBy, type PolicyStats } from './policy-stats.ts';
import { rankOf } from './priority.ts';
import type { PolicyRuntime } from './runtime.ts';
import { type UpdateOptions, Updates } from './updates.ts';
import { applied, keyOf, type Wrap } from './wrap.ts';

export type { PolicyStats } from './policy-stats.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * A wrapped function's type: the function's own, generics and overloads included, where it returns a promise;
 * otherwise the same parameters and a promise of its result.
 */
export type Wrapped<F extends AnyFunction> =
  ReturnType<F> extends Promise<unknown> ? F : (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/** What makes a policy. Built by the hub. */
export interface PolicyParts {
  readonly runtime: PolicyRuntime;
  readonly strategies: readonly Strategy[];
  /** Names of all options that a policy may have. */
  readonly optionNames: readonly string[];
  readonly criticality: Criticality;
  /** Reads the counters, less the window, which the circuit has. */
  readonly counts: PolicyCounts;
}

/** How much a dependency's failure hurts. */
export type Criticality = 'critical' | 'high' | 'medium' | 'low';
export const criticalities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Criticality[];

const NAME_NEEDED =
  'must be given with a cacheKey where the cache has a store of your own: it keeps the keys of wraps apart in every process';

/**
 * The named composition that protects one dependency. Made by `breakwater.policy(name, options)`.
 *
 * Every way to call through it comes down to one pipeline of layers; the outermost layer gets the call first.
 *
 * @typeParam Target what the endpoints of its `failover` have as `target`; `undefined` where it has none
 * @typeParam Changes the options that `update` may change
 */
export class Policy<Target = unknown, Changes extends object = object> {
  /** Its name, which is also the metrics' label `policy`. */
  readonly name: string;
  /** How much the dependency's failure hurts. */
  readonly criticality: Criticality;
  /** The policy's circuit; one that is always `disabled` where the policy has no circuit breaker. */
  readonly circuit: Circuit;
  /** The switch of its chaos: one for all chaos layers that it has, `undefined` where it has none. */
  readonly chaos: ChaosControl | undefined;
  /** @internal What it counts. */
  readonly counts: PolicyCounts;
  readonly #runtime: PolicyRuntime;
  readonly #strategies: readonly Strategy[];
  readonly #pipeline: Inner;
  readonly #layers: Inner[];
  readonly #updates: Updates;
  readonly #wrapNames = new Set<string>();
  #closed = false;

  /** @internal */
  constructor(parts: PolicyParts) {
    this.name = parts.runtime.name;
    this.criticality = parts.criticality;
    this.#runtime = parts.runtime;
    this.#strategies = parts.strategies;
    const operation = new OperationRunner(parts.runtime);
    this.#layers = new Array(parts.strategies.length);
    this.#pipeline = compose(parts.strategies, parts.runtime, operation, this.#layers);
    this.#updates = new Updates(parts.runtime, parts.strategies, parts.optionNames);
    this.counts = parts.counts;
    this.circuit = this.circuits[0] ?? noCircuit(this.name);
    this.chaos = oneSwitch(parts.strategies.flatMap(({ chaos }) => chaos ?? []));
  }

  /**
   * Runs `operation` under the policy and gives its value, or throws its error or a `BreakwaterError`.
   *
   * @throws {InvalidOptionsError} as a rejection, when an argument is wrong
   */
  execute<T>(
    operation: (context: OperationContext<Target>) => T,
    options?: CallOptions<Awaited<T>>,
  ): Promise<Awaited<T>>;
  execute(operation: unknown, options?: CallOptions): Promise<unknown> {
    return this.#start(operation, options, false);
  }

  /** Like `execute`, and also tells where the value came from, how old it is and how many attempts were made. */
  executeDetailed<T>(
    operation: (context: OperationContext<Target>) => T,
    options?: CallOptions<Awaited<T>>,
  ): Promise<DetailedResult<Awaited<T>>>;
  executeDetailed(operation: unknown, options?: CallOptions): Promise<unknown> {
    return this.#start(operation, options, true);
  }

  /**
   * A function like `fn` whose every call goes through the policy. Parameters, result and `this` are kept; a
   * function that does not return a promise becomes one that does.
   *
   * @throws {InvalidOptionsError} when an argument is wrong, or `name` is taken by another wrap of this policy
   */
  wrap<F extends AnyFunction>(
    fn: F,
    options?: WrapOptions<Parameters<F>, Awaited<ReturnType<F>>>,
  ): Wrapped<F>;
  wrap(fn: (...args: unknown[]) => unknown, options?: WrapOptions<unknown[], unknown>): unknown {
    const wrap = this.#prepareWrap(fn, (_context, self, args = []) => applied(fn, self, args), options);
    return this.#wrapped(fn, wrap);
  }

  /** Like `wrap`, for a function whose first parameter is the operation's context; the result lacks it. */
  wrapWithContext<Args extends unknown[], T>(
    fn: (context: OperationContext<Target>, ...args: Args) => T,
    options?: WrapOptions<Args, Awaited<T>>,
  ): (...args: Args) => Promise<Awaited<T>>;
  wrapWithContext(
    fn: AnyFunction,
    options?: WrapOptions<unknown[], unknown>,
  ): (...args: unknown[]) => Promise<unknown> {
    const wrap = this.#prepareWrap(
      fn,
      (context, self, args = []) => Reflect.apply(fn, self, [context, ...args]),
      options,
    );
    return this.#wrapped(fn, wrap);
  }

  /**
   * Changes options of its layers while it works. State, counts and remembered values are kept, and what is under way goes
   * on as it began. Options of a layer are merged key by key into those that hold; an option that is an object itself,
   * such as `window`, is replaced. Layers cannot be added or taken out. In an order of your own, a layer is meant by its
   * standard key, where it is the only one of it.
   *
   * An update with `forMs` lies on top of what holds until its time is over. Of several, each lies on those made before
   * it; one without `forMs` changes what lies below them all. What a person steers during an incident stays in force
   * until it is given back.
   *
   * @returns for an update with `forMs`, the function that ends it early
   * @throws {InvalidOptionsError} naming all that is wrong; then nothing has changed
   * @throws {ClosedError} once the policy was removed or its hub closed
   */
  update(options: Changes, how: { readonly forMs: number }): () => void;
  update(options: Changes, how?: UpdateOptions): (() => void) | undefined;
  update(options: Changes, how?: UpdateOptions): (() => void) | undefined {
    if (this.#closed) throw new ClosedError(this.name);
    return this.#updates.update(options, how);
  }

  /** The options of its layers as they hold now, with their defaults, by their standard keys. A copy. */
  get options(): Readonly<Record<string, unknown>> {
    return this.#updates.current;
  }

  /** Counts since the policy was made, and what the windows of its circuits hold now, together. */
  stats(): PolicyStats {
    const { attempts, failures, slow } = heldBy(this.circuits);
    const failureRate = attempts === 0 ? undefined : failures / attempts;
    return { ...this.counts.stats(), window: { attempts, failures, slow, failureRate } };
  }

  /** The pipeline in words, outermost layer first, with the worst case of latency and attempts. */
  explain(): string {
    return explainPipeline(this.name, this.#strategies);
  }

  /** What is risky about its options, and what its calls have shown to be; less what `silenceHazards` names. */
  get hazards(): readonly Hazard[] {
    return this.#runtime.hazards.current;
  }

  /** @internal Looks for what is risky about its options, as they are now. */
  examine(facts?: PolicyFacts): void {
    this.#runtime.hazards.examine(this.#strategies, facts);
  }

  /** All circuits that the policy has now: those of endpoints and of keys among them. */
  get circuits(): readonly Circuit[] {
    return this.#strategies.flatMap(
      ({ circuit, circuits = circuit === undefined ? [] : [circuit] }) => circuits,
    );
  }

  /** @internal What its layers expose beside the metrics that every policy has. */
  get samples(): readonly LayerSample[] {
    // What took a timeout upon it stands there twice.
    return joined([...new Set(this.#layers)].flatMap((layer) => layer.samples?.() ?? []));
  }

  /** The kinds of its layers, outermost first. */
  get layers(): readonly StrategyKind[] {
    return this.#strategies.map(({ kind }) => kind);
  }

  /** @internal Its limits that can be changed while it runs; of several of one name, the second is `name 2`. */
  get limits(): readonly LimitControl[] {
    return limitsOf(this.name, this.#strategies, this.#layers);
  }

  /** Whether it turns all calls away, for good. */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal Counts and announces what failed inside an integration and is kept from its callers. */
  failedInside(error: unknown, component: Component = 'integration'): void {
    this.#runtime.report(component, error);
  }

  /** @internal Turns new calls away from now on. */
  stopTaking(): void {
    this.#closed = true;
  }

  /** @internal Resolves when no call is in flight. */
  idle(): Promise<void> {
    return this.#runtime.idle();
  }

  /** @internal Stops what its layers have running. */
  dispose(): void {
    this.#closed = true;
    this.#runtime.close();
  }

  #start(operation: unknown, options: CallOptions | undefined, detailed: boolean): Promise<unknown> {
    if (!isOperation(operation)) return Promise.reject(this.#notAFunction('execute', operation));
    if (options === undefined)
      return this.#run(operation, undefined, undefined, NO_SETTINGS, undefined, detailed);
    try {
      const settings = callSettings(options, this.name);
      return this.#run(operation, undefined, undefined, settings, options.cacheKey, detailed);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The function that the user calls; it is named as the one it wraps. */
  #wrapped(fn: (...args: never[]) => unknown, wrap: Wrap): (...args: unknown[]) => Promise<unknown> {
    const policy = this;
    const wrapped = function (this: unknown, ...args: unknown[]): Promise<unknown> {
      return policy.#runWrapped(wrap, this, args);
    };
    return Object.defineProperties(wrapped, {
      name: { value: fn.name, configurable: true },
      length: { value: fn.length, configurable: true },
    });
  }

  #runWrapped(wrap: Wrap, self: unknown, args: readonly unknown[]): Promise<unknown> {
    return this.#run(wrap.invocation, self, args, wrap.settings, keyOf(wrap, args, this.#runtime), false);
  }

  #run(
    invocation: Invocation,
    self: unknown,
    args: readonly unknown[] | undefined,
    settings: CallSettings,
    cacheKey: string | undefined,
    detailed: boolean,
  ): Promise<unknown> {
    if (this.#closed) return Promise.reject(withoutStack(() => new ClosedError(this.name)));
    const traced = this.#runtime.traced(settings);
    const call = detailed
      ? new DetailedCall(this.#runtime, invocation, self, args, traced, cacheKey)
      : new Call(this.#runtime, invocation, self, args, traced, cacheKey);
    return call.run(this.#pipeline);
  }

  #prepareWrap(fn: unknown, invocation: Invocation, options: WrapOptions<unknown[], unknown> = {}): Wrap {
    if (typeof fn !== 'function') throw this.#notAFunction('wrap', fn);
    const subject = `Options of a wrap of policy '${this.name}'`;
    const { name, cacheKey, priority, ...settings } = parseOptions(wrapSchema, options, this.name, subject);
    if (name !== undefined) this.#claim(name, subject);
    else if (cacheKey !== undefined && this.#strategies.some(({ sharesStore }) => sharesStore === true)) {
      throw new InvalidOptionsError(this.name, `${subject} cannot be used`, [
        { path: 'name', message: NAME_NEEDED },
      ]);
    }
    const keys = new KeySpace(namespaceOf(this.name, name));
    return {
      invocation,
      keys,
      cacheKey: options.cacheKey,
      settings: { ...NO_SETTINGS, ...settings, priority: rankOf(priority) },
    };
  }

  #claim(name: string, subject: string): void {
    if (this.#wrapNames.has(name)) {
      const message = `'${name}' is the name of another wrap of this policy; give each its own`;
      throw new InvalidOptionsError(this.name, `${subject} cannot be used`, [{ path: 'name', message }]);
    }
    this.#wrapNames.add(name);
  }

  #notAFunction(method: string, given: unknown): InvalidOptionsError {
    return new InvalidOptionsError(this.name, `policy.${method}() of policy '${this.name}' cannot run`, [
      { path: 'operation', message: `must be a function, not ${shown(given)}` },
    ]);
  }
}

/** That it is made for what the endpoints have as target is the caller's type to say. */
function isOperation(given: unknown): given is Operation {
  return typeof given === 'function';
}
