import type { Call } from '../../core/call.ts';
import { monotonicNow } from '../../core/clock.ts';
import { parseOptions } from '../../core/options.ts';
import { cutShort, type Outcome, served, wantsFallback } from '../../core/outcome.ts';
import type { Layer, Receiver, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { Scope, ScopeWatcher } from '../../core/scope.ts';
import { Flights } from './flight.ts';
import { type Found, Memory } from './memory.ts';
import { type CacheFallbackOptions, type CacheFallbackSettings, cacheFallbackSchema } from './options.ts';

/**
 * Remembers each keyed call's last good value, and answers with it when a later call fails or is turned away.
 * A call without a `cacheKey` passes through.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function cacheFallback(options: CacheFallbackOptions = {}): Strategy {
  const settings = parseOptions(cacheFallbackSchema, options, '', 'Options of cacheFallback()');
  const { staleIfErrorMs, freshForMs, coalesce } = settings;
  return {
    kind: 'cache-fallback',
    remembers: true,
    // Only a store of the user's own is waited for: before a fresh answer, and before a stale one.
    maxWaitMs: settings.store === undefined ? 0 : settings.storeTimeoutMs * (freshForMs > 0 ? 2 : 1),
    sharesStore: settings.store !== undefined,
    describe: () =>
      `cache fallback: a keyed call that fails is answered with a value up to ${staleIfErrorMs} ms old` +
      `${freshForMs > 0 ? `, and one up to ${freshForMs} ms old answers without calling` : ''}` +
      `${coalesce ? '; concurrent calls with one key share one run' : ''}`,
    bind: (inner, runtime) => new CacheFallbackLayer(inner, runtime, settings),
  };
}

class CacheFallbackLayer implements Layer {
  readonly inner: Layer;
  readonly runtime: PolicyRuntime;
  readonly settings: CacheFallbackSettings;
  readonly memory: Memory;
  readonly flights: Flights | undefined;

  constructor(inner: Layer, runtime: PolicyRuntime, settings: CacheFallbackSettings) {
    this.runtime = runtime;
    this.settings = settings;
    this.memory = new Memory(settings, runtime);
    this.inner = inner;
    this.flights = settings.coalesce ? new Flights(inner, this.memory) : undefined;
  }

  enter(call: Call, scope: Scope, receiver: Receiver, now: number): void {
    const { cacheKey } = call;
    if (cacheKey === undefined) this.inner.enter(call, scope, receiver, now);
    else new KeyedRun(this, cacheKey, call, scope, receiver).start(now);
  }
}

/** One keyed call's passage: a fresh value, or a run, or a stale value in a failed run's place. */
class KeyedRun implements Receiver, ScopeWatcher {
  readonly #layer: CacheFallbackLayer;
  readonly #key: string;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #receiver: Receiver;
  /** When the run began. */
  #startedAt = 0;
  /** Whether a store is being waited for. */
  #recalling = false;

  constructor(layer: CacheFallbackLayer, key: string, call: Call, scope: Scope, receiver: Receiver) {
    this.#layer = layer;
    this.#key = key;
    this.#call = call;
    this.#scope = scope;
    this.#receiver = receiver;
  }

  start(now: number): void {
    const { freshForMs } = this.#layer.settings;
    if (freshForMs === 0) {
      this.#run(now);
      return;
    }
    this.#recall((found) => {
      const answer = this.#answer(found, 'cache', freshForMs);
      if (answer === undefined) this.#run(monotonicNow());
      else this.#receiver.settle(answer, monotonicNow());
    });
  }

  settle(outcome: Outcome, now: number): void {
    const { flights, memory, settings, runtime } = this.#layer;
    // Where the layer stands within what ended, there is no time left to ask the store.
    if (!wantsFallback(outcome) || this.#scope.cause !== undefined) {
      // A shared run has remembered its value once, for all.
      if (flights === undefined) memory.remember(this.#key, outcome, this.#startedAt);
      this.#receiver.settle(outcome, now);
      return;
    }
    this.#recall((found) => {
      const answer = this.#answer(found, 'stale', settings.staleIfErrorMs);
      if (answer === undefined) {
        this.#receiver.settle(outcome, monotonicNow());
        return;
      }
      if (outcome.ok) this.#call.discard(outcome.value);
      runtime.fellBack('stale', answer.ageMs, outcome.error);
      this.#receiver.settle(answer, monotonicNow());
    });
  }

  scopeEnded(scope: Scope): void {
    if (!this.#recalling || scope.cause === undefined) return;
    this.#recalling = false;
    this.#receiver.settle(cutShort(scope.reason, scope.cause, 'ignored'), monotonicNow());
  }

  #run(now: number): void {
    const { flights, inner } = this.#layer;
    const { cause, reason } = this.#scope;
    if (cause !== undefined) this.#receiver.settle(cutShort(reason, cause, 'ignored'), now);
    else if (flights === undefined) {
      this.#startedAt = now;
      inner.enter(this.#call, this.#scope, this, now);
    } else flights.join(this.#key, this.#call, this.#scope, this, now);
  }

  /** Looks the key up, unless the scope ends first; then the call has been settled and `next` is not called. */
  #recall(next: (found: Found) => void): void {
    this.#recalling = true;
    this.#scope.watch(this);
    this.#layer.memory.recall(this.#key, (found) => {
      if (!this.#recalling) return;
      this.#recalling = false;
      this.#scope.unwatch(this);
      next(found);
    });
  }

  #answer(found: Found, source: 'cache' | 'stale', limitMs: number): Outcome | undefined {
    const { memory, runtime } = this.#layer;
    if (found === 'unusable') return undefined;
    if (found === undefined || found.ageMs >= limitMs) {
      runtime.observer.cacheAnswered('miss');
      return undefined;
    }
    const decoded = memory.decode(found, source);
    if (decoded === 'unusable') return undefined;
    const answer = served(decoded.value, source, found.ageMs);
    // What the call's own check refuses is no fresh answer.
    const refused = source === 'cache' && !this.#call.passesCheck(decoded.value);
    runtime.observer.cacheAnswered(refused ? 'miss' : source === 'cache' ? 'hit' : 'stale');
    return refused ? undefined : answer;
  }
}
