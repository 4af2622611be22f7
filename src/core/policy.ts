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
import type { ChaosControl } from './chaos-control.ts';
import type { Circuit } from './circuit.ts';
import type { LimitControl } from './control.ts';
import type { PolicyCounts } from './counts.ts';
import { ClosedError, InvalidOptionsError, withoutStack } from './errors.ts';
import { explainPipeline } from './explain.ts';
import type { PolicyFacts } from './hazards/rules.ts';
import type { Hazard } from './hazards.ts';
import { KeySpace } from './key-space.ts';
import type { LayerSample } from './layer-metrics.ts';
import { noCircuit } from './no-circuit.ts';
import type { Component } from './observer.ts';
import { parseOptions, shown } from './options.ts';
import { compose, type Inner, type Strategy, type StrategyKind } from './pipeline.ts';
import { rankOf } from './priority.ts';
import type { PolicyRuntime } from './runtime.ts';
import { isThenable } from './thenable.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * A wrapped function's type: the function's own, generics and overloads included, where it returns a promise;
 * otherwise the same parameters and a promise of its result.
 */
export type Wrapped<F extends AnyFunction> =
  ReturnType<F> extends Promise<unknown> ? F : (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/** Counts of a policy since it was made. */
export interface PolicyStats {
  readonly calls: Readonly<Record<string, number>>;
  readonly attempts: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly rejections: Readonly<Record<string, number>>;
  readonly fallbacks: Readonly<Record<string, number>>;
  readonly cache: Readonly<Record<string, number>>;
  readonly lateOutcomes: number;
  readonly internalErrors: number;
  readonly callsInFlight: number;
  readonly attemptsInFlight: number;
  /** Estimated from the histogram's buckets, in milliseconds; `undefined` before the first call. */
  readonly latency: { readonly p50Ms: number | undefined; readonly p99Ms: number | undefined };
  /** What the circuit's window holds, with its failure rate; the rate is `undefined` while it is empty. */
  readonly window: {
    readonly attempts: number;
    readonly failures: number;
    readonly slow: number;
    readonly failureRate: number | undefined;
  };
}

/** What makes a policy. Built by the hub. */
export interface PolicyParts {
  readonly runtime: PolicyRuntime;
  readonly strategies: readonly Strategy[];
  readonly criticality: Criticality;
  /** Reads the counters, less the window, which the circuit has. */
  readonly counts: PolicyCounts;
}

/** How much a dependency's failure hurts. */
export type Criticality = 'critical' | 'high' | 'medium' | 'low';
export const criticalities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Criticality[];

let unnamedWraps = 0;

const NAME_NEEDED =
  'must be given with a cacheKey where the cache has a store of your own: it keeps the keys of wraps apart in every process';

/**
 * The named composition that protects one dependency. Made by `breakwater.policy(name, options)`.
 *
 * Every way to call through it comes down to one pipeline of layers; the outermost layer gets the call first.
 *
 * @typeParam Target what the endpoints of its `failover` have as `target`; `undefined` where it has none
 */
export class Policy<Target = unknown> {
  /** Its name, which is also the metrics' label `policy`. */
  readonly name: string;
  /** How much the dependency's failure hurts. */
  readonly criticality: Criticality;
  /** The policy's circuit; one that is always `disabled` where the policy has no circuit breaker. */
  readonly circuit: Circuit;
  /** @internal What it counts. */
  readonly counts: PolicyCounts;
  readonly #runtime: PolicyRuntime;
  readonly #strategies: readonly Strategy[];
  readonly #pipeline: Inner;
  readonly #layers: Inner[];
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
    this.counts = parts.counts;
    this.circuit = this.circuits[0] ?? noCircuit(this.name);
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
    const wrap = this.#prepareWrap(fn, (_context, self, args = []) => Reflect.apply(fn, self, args), options);
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

  /** Counts since the policy was made, and what the circuit's window holds now. */
  stats(): PolicyStats {
    const { attempts, failures, slow } = this.circuit.window;
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

  /** The switch of its chaos layer; `undefined` where it has none. */
  get chaos(): ChaosControl | undefined {
    return this.#strategies.find(({ chaos }) => chaos !== undefined)?.chaos;
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
    return [...new Set(this.#layers)].flatMap((layer) => layer.samples?.() ?? []);
  }

  /** The kinds of its layers, outermost first. */
  get layers(): readonly StrategyKind[] {
    return this.#strategies.map(({ kind }) => kind);
  }

  /** @internal Its limits that can be changed while it runs; of several of one name, the second is `name 2`. */
  get limits(): readonly LimitControl[] {
    const seen = new Map<string, number>();
    return this.#strategies.flatMap((strategy, layer) =>
      (this.#layers[layer]?.limits?.(strategy) ?? []).map((limit) => {
        const times = (seen.get(limit.name) ?? 0) + 1;
        seen.set(limit.name, times);
        return times === 1 ? limit : renamed(limit, `${limit.name} ${times}`);
      }),
    );
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
    return this.#run(wrap.invocation, self, args, wrap.settings, this.#keyOf(wrap, args), false);
  }

  /**
   * A wrapped call's key. A `cacheKey` that throws, or gives anything but a string, is reported, and the call goes on
   * without a key: a key made of an object's name would be every object's key.
   */
  #keyOf({ cacheKey, keys }: Wrap, args: readonly unknown[]): string | undefined {
    if (cacheKey === undefined) return undefined;
    try {
      const key: unknown = cacheKey(...args);
      if (key === undefined) return undefined;
      if (typeof key === 'string') return keys.keyOf(key);
      if (isThenable(key)) Promise.resolve(key).catch(() => {});
      throw new TypeError(
        `expected a string from cacheKey, or undefined for a call that is not kept: got ${shown(key)}`,
      );
    } catch (error) {
      this.#runtime.report('cache-key', error);
      return undefined;
    }
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
    unnamedWraps += 1;
    // No key that `execute` is given by accident begins with a control character.
    const namespace =
      name === undefined ? `\u0000${unnamedWraps}\u0000` : `${keyPart(this.name)}:${keyPart(name)}:`;
    const keys = new KeySpace(namespace);
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

function renamed(limit: LimitControl, name: string): LimitControl {
  const { text, configured, current, type } = limit;
  return { name, text, configured, current, type, set: (value) => limit.set(value) };
}

/** A name as a part of a key, without the colon that ends it. */
function keyPart(name: string): string {
  return name.replaceAll('%', '%25').replaceAll(':', '%3A');
}

/** A wrap, checked. */
interface Wrap {
  readonly invocation: Invocation;
  readonly keys: KeySpace;
  readonly cacheKey: ((...args: readonly unknown[]) => string | undefined) | undefined;
  readonly settings: CallSettings;
}
