import { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { cutShort, type Fulfilled, type Outcome, served, wantsFallback } from '../../core/outcome.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import { edge, type Inner, type Layer, type Outer, type Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import type { EndCause } from '../../core/scope.ts';
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
  const subject = 'Options of cacheFallback()';
  return new CacheFallbackStrategy(new LiveSettings(cacheFallbackSchema, options, subject, { fixed }));
}

/** What is remembered was put where they say, as they say. */
const fixed = ['store', 'clone', 'codec'] as const satisfies readonly (keyof CacheFallbackOptions)[];

class CacheFallbackStrategy implements Strategy {
  readonly kind = 'cache-fallback';
  readonly key = 'cacheFallback';
  readonly remembers = true;
  readonly sharesStore: boolean;
  readonly adjustable: LiveSettings<typeof cacheFallbackSchema>;

  constructor(live: LiveSettings<typeof cacheFallbackSchema>) {
    this.adjustable = live;
    this.sharesStore = live.current.store !== undefined;
  }

  /** Only a store of the user's own is waited for: before a fresh answer, and before a stale one. */
  get maxWaitMs(): number {
    const { storeTimeoutMs, freshForMs } = this.adjustable.current;
    return this.sharesStore ? storeTimeoutMs * (freshForMs > 0 ? 2 : 1) : 0;
  }

  describe(): string {
    const { staleIfErrorMs, freshForMs, coalesce } = this.adjustable.current;
    return (
      `cache fallback: a keyed call that fails is answered with a value up to ${staleIfErrorMs} ms old` +
      `${freshForMs > 0 ? `, and one up to ${freshForMs} ms old answers without calling` : ''}` +
      `${coalesce ? '; concurrent calls with one key share one run' : ''}`
    );
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    // Without either it begins nothing later that is the application's.
    const keeps = ({ coalesce, store }: CacheFallbackSettings): boolean => coalesce || store !== undefined;
    runtime.keepsContext ||= keeps(this.adjustable.current);
    this.adjustable.onChange((now) => {
      runtime.keepsContext ||= keeps(now);
    });
    return new CacheFallbackLayer(inner, runtime, this.adjustable);
  }
}

/** After how many calls a cache that saw no key is worth a warning. */
const MANY_CALLS = 1_000;

/** Answers a keyed call with a fresh value, or runs it, and with a stale value in a failed run's place. */
class CacheFallbackLayer implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #runtime: PolicyRuntime;
  readonly #live: LiveSettings<typeof cacheFallbackSchema>;
  readonly #memory: Memory;
  /** Calls without a key so far; never that many once there was one with a key. */
  #keyless = 0;
  /** Made with the first call that may share a run; runs under way outlast the option. */
  #flights: Flights | undefined = undefined;

  constructor(inner: Inner, runtime: PolicyRuntime, live: LiveSettings<typeof cacheFallbackSchema>) {
    this.#inner = inner;
    this.#runtime = runtime;
    this.#live = live;
    this.#memory = new Memory(live, runtime);
  }

  enter(passage: Passage, now: number): void {
    const { cacheKey } = passage.call;
    const { freshForMs } = this.#live.current;
    if (cacheKey === undefined) {
      this.#noteKeyless();
      this.#inner.enter(passage, now);
      return;
    }
    this.#keyless = Number.NEGATIVE_INFINITY;
    if (freshForMs === 0) this.#run(passage, cacheKey, now);
    else {
      this.#recall(passage, cacheKey, undefined, now, (found, later) => {
        const answer = this.#answer(passage, found, 'cache', freshForMs);
        if (answer === undefined) this.#run(passage, cacheKey, later);
        else this.outer.settle(passage, answer, later);
      });
    }
  }

  /** A cache that is never given a key keeps nothing, and nobody notices until it is needed. */
  #noteKeyless(): void {
    this.#keyless += 1;
    if (this.#keyless !== MANY_CALLS) return;
    this.#runtime.hazards.found(
      'CACHE_NEVER_KEYED',
      `None of the first ${MANY_CALLS} calls had a cacheKey, so that the cache fallback has nothing to answer with when ` +
        'the dependency fails. Give the calls a cacheKey, or leave the cache fallback out.',
    );
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    const { cacheKey } = passage.call;
    if (cacheKey === undefined) this.outer.settle(passage, outcome, now);
    else if (this.#flights?.settle(passage, outcome, now) !== true) {
      this.#memory.remember(cacheKey, outcome, passage.since);
      const isLate = passage.opener === this && passage instanceof LateRun;
      if (isLate) passage.close();
      this.#leave(isLate ? passage.outer : passage, outcome, now);
    }
  }

  #run(passage: Passage, key: string, now: number): void {
    const { cause, reason } = passage;
    if (cause !== undefined) this.outer.settle(passage, cutShort(reason, cause, 'ignored'), now);
    else if (this.#live.current.coalesce) this.#shared().join(key, passage, now);
    else this.#inner.enter(now > passage.since ? new LateRun(this, passage, now) : passage, now);
  }

  #shared(): Flights {
    this.#flights ??= new Flights(this.#inner, this.#memory, (passage, outcome, now) =>
      this.#leave(passage, outcome, now),
    );
    return this.#flights;
  }

  /** Goes on outward with a run's outcome, or with a stale value in its place. */
  #leave(passage: Passage, outcome: Outcome, now: number): void {
    const { cacheKey } = passage.call;
    // Where the layer stands within what ended, there is no time left to ask the store.
    if (!wantsFallback(outcome) || passage.cause !== undefined || cacheKey === undefined) {
      this.outer.settle(passage, outcome, now);
      return;
    }
    this.#recall(passage, cacheKey, outcome, now, (found, later) => {
      const answer = this.#answer(passage, found, 'stale', this.#live.current.staleIfErrorMs);
      if (answer === undefined) {
        this.outer.settle(passage, outcome, later);
        return;
      }
      if (outcome.ok) passage.call.discard(outcome.value);
      this.#runtime.fellBack('stale', answer.ageMs, outcome, passage.call.trace);
      this.outer.settle(passage, answer, later);
    });
  }

  /**
   * Looks the key up, unless the passage ends first; then that is its outcome, and `next` is not called.
   *
   * @param outcome what an answer would stand in the place of
   */
  #recall(
    passage: Passage,
    key: string,
    outcome: Outcome | undefined,
    now: number,
    next: (found: Found, now: number) => void,
  ): void {
    const found = this.#memory.recall(key);
    if (found instanceof Promise) new Recalling(passage, this.outer, outcome).wait(found, next);
    else next(found, now);
  }

  #answer(passage: Passage, found: Found, source: 'cache' | 'stale', limitMs: number): Fulfilled | undefined {
    const { observer } = this.#runtime;
    if (found === 'unusable') return undefined;
    if (found === undefined || found.ageMs >= limitMs) {
      observer.cacheAnswered('miss');
      return undefined;
    }
    const decoded = this.#memory.decode(found, source);
    if (decoded === 'unusable') return undefined;
    // What the call's own check refuses is no fresh answer.
    const refused = source === 'cache' && !passage.call.passesCheck(decoded.value);
    observer.cacheAnswered(refused ? 'miss' : source === 'cache' ? 'hit' : 'stale');
    return refused ? undefined : served(decoded.value, source, found.ageMs);
  }
}

/** A run that began after its call: a store was asked before it, or other layers let it wait. */
class LateRun extends InnerPassage {
  readonly #since: number;

  constructor(layer: CacheFallbackLayer, outer: Passage, since: number) {
    super(layer, outer);
    this.#since = since;
  }

  override get since(): number {
    return this.#since;
  }
}

/** The time in which a store is waited for. */
class Recalling extends InnerPassage {
  readonly #next: Outer;
  readonly #outcome: Outcome | undefined;
  #over = false;

  constructor(outer: Passage, next: Outer, outcome: Outcome | undefined) {
    super(undefined, outer);
    this.#next = next;
    this.#outcome = outcome;
  }

  wait(found: Promise<Found>, next: (found: Found, now: number) => void): void {
    // It may have ended before it began.
    if (this.cause !== undefined) this.stopped(this.cause, this.reason);
    found.then((value) => {
      if (this.#over) return;
      this.#over = true;
      this.close();
      next(value, monotonicNow());
    });
  }

  protected override stopped(cause: EndCause, reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#outcome?.ok === true) this.call.discard(this.#outcome.value);
    this.#next.settle(this.outer, cutShort(reason, cause, 'ignored'), monotonicNow());
  }
}
