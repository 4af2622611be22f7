import type { CircuitState } from './circuit.ts';
import { type EventChannels, Heard, noChannels } from './diagnostics.ts';
import type { HazardCode } from './hazards.ts';
import type { OptionChange } from './merged-options.ts';
import type { AttemptOutcome, CallOutcome, Component, FallbackSource, RetryReason } from './observer.ts';
import type { RejectionReason, Source } from './outcome.ts';
import type { SloEvent } from './slo-events.ts';
import type { Verdict } from './verdict.ts';

/** What every event tells. */
export interface EventBase {
  /** The policy it happened in. */
  readonly policy: string;
  /** When, in milliseconds since the epoch. */
  readonly time: number;
}

/** A call ended. */
export interface CallEvent extends EventBase {
  readonly outcome: CallOutcome;
  readonly verdict: Verdict;
  readonly source: Source;
  readonly durationMs: number;
  readonly attempts: number;
  /** What the caller was thrown, if anything. */
  readonly error?: unknown;
  readonly metadata?: unknown;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** An attempt of the operation was settled: it ended, or was given up. */
export interface AttemptEvent extends EventBase {
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  readonly durationMs: number;
  readonly error?: unknown;
  /** What failed, where `classify` or an integration has words for it, such as `HTTP 503`. */
  readonly reason?: string | undefined;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** Another attempt is to be made after a wait, unless the call ends or a strategy turns it away first. */
export interface RetryEvent extends EventBase {
  /** 1 for the first retry. */
  readonly retry: number;
  readonly reason: RetryReason;
  readonly waitMs: number;
  readonly error?: unknown;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** Another attempt is made beside one that is slow, or at once after one that failed. */
export interface HedgeEvent extends EventBase {
  /** 1 for the first hedge of a call. */
  readonly hedge: number;
  /** What the call had waited for it, in milliseconds. */
  readonly waitedMs: number;
  /** Whether it follows a failure instead of a wait. */
  readonly afterFailure: boolean;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** A call goes on to another endpoint. */
export interface FailoverEvent extends EventBase {
  /** Names of the endpoints. */
  readonly from: string;
  readonly to: string;
  /** What the first one failed with. */
  readonly error?: unknown;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** An endpoint gets no more calls for a while, or gets some again. */
export interface EndpointEvent extends EventBase {
  readonly endpoint: string;
  readonly status: 'ejected' | 'returned';
  /** Why, in words for people. */
  readonly reason: string;
  /** How long it gets none, in milliseconds. */
  readonly ejectedForMs?: number | undefined;
  /** How many endpoints the policy has. */
  readonly endpoints: number;
}

/** Faults on purpose were switched on or off, are on still (said once a minute), or one was made. */
export interface ChaosEvent extends EventBase {
  readonly status: 'on' | 'still-on' | 'off' | 'fault';
  /** Why, of what was switched on or off. */
  readonly reason?: string | undefined;
  /** How many faults were made since it was switched on. */
  readonly faults?: number | undefined;
  /** What was done to an attempt. */
  readonly fault?: 'error' | 'latency' | 'abort' | 'result' | undefined;
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** Something about a policy's options is risky. */
export interface HazardEvent extends EventBase {
  /** Stable across versions; `silenceHazards` takes it. */
  readonly code: HazardCode;
  /** What is risky, why, and what to do. */
  readonly message: string;
}

/** A policy's options were changed while it runs. */
export interface UpdateEvent extends EventBase {
  /** `changed`: for good. `overridden`: for a time. `restored`: that time is over. */
  readonly status: 'changed' | 'overridden' | 'restored';
  /** The keys of the policy's options that changed, as `retry`. */
  readonly keys: readonly string[];
  /** Each option that has another value than before; none where all are hidden by what holds for a time. */
  readonly changes: readonly OptionChange[];
  /** How long it holds, in milliseconds. */
  readonly forMs?: number | undefined;
}

/** A strategy turned a call or an attempt away. */
export interface RejectionEvent extends EventBase {
  readonly reason: RejectionReason;
  /** Whether it was only counted (`mode: 'shadow'`) and the call went on. */
  readonly shadow: boolean;
  readonly retryAfterMs?: number | undefined;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** Something answered in a failed call's place. */
export interface FallbackEvent extends EventBase {
  readonly source: FallbackSource;
  readonly ageMs: number;
  /** What the answer stands for. */
  readonly error?: unknown;
  /** What traced the call that it belongs to, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** A circuit changed its state. */
export interface CircuitEvent extends EventBase {
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: string;
  /** Whether a person caused it. */
  readonly manual: boolean;
  readonly shadow: boolean;
  /** How long an open circuit stays open, in milliseconds. */
  readonly openForMs?: number | undefined;
  /** Of one that opens: when the failures began that led to it, in milliseconds since the epoch. */
  readonly failingSince?: number | undefined;
  /** Whose circuit it is, where it is not the policy's own. The key comes from calls: it belongs in no metric's label. */
  readonly key?: string | undefined;
  readonly endpoint?: string | undefined;
  /** What traced the call that caused it, if a call did, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** An incident was opened, updated or resolved. */
export interface IncidentEvent extends EventBase {
  readonly id: string;
  readonly status: 'opened' | 'updated' | 'resolved';
  readonly severity: string;
  /** A drill is played, not suffered. */
  readonly drill: boolean;
}

/** Something failed inside and was kept from the caller. */
export interface InternalErrorEvent extends EventBase {
  readonly component: Component;
  readonly error: unknown;
}

/** The hub's events by name. */
export interface BreakwaterEvents {
  readonly call: CallEvent;
  readonly attempt: AttemptEvent;
  readonly retry: RetryEvent;
  readonly hedge: HedgeEvent;
  readonly failover: FailoverEvent;
  readonly endpoint: EndpointEvent;
  readonly chaos: ChaosEvent;
  readonly hazard: HazardEvent;
  readonly update: UpdateEvent;
  readonly rejection: RejectionEvent;
  readonly fallback: FallbackEvent;
  readonly circuit: CircuitEvent;
  readonly slo: SloEvent;
  readonly incident: IncidentEvent;
  readonly 'internal-error': InternalErrorEvent;
}

/** Name of an event. */
export type EventName = keyof BreakwaterEvents;
/** Called at each event of that name. What it throws is reported and harms nobody. */
export type EventListener<Name extends EventName> = (event: BreakwaterEvents[Name]) => void;

/** All event names. */
export const eventNames: readonly EventName[] = [
  'call',
  'attempt',
  'retry',
  'hedge',
  'failover',
  'endpoint',
  'chaos',
  'hazard',
  'update',
  'rejection',
  'fallback',
  'circuit',
  'slo',
  'incident',
  'internal-error',
];

type ListenerTable = { [Name in EventName]: readonly EventListener<Name>[] };

/**
 * Typed events. An emitter looks at `heard` before it builds an event, so that one nobody hears costs nothing. A
 * listener that throws, or returns a promise that rejects, is reported and harms nobody.
 */
export class Events {
  /** Whether anybody hears an event. */
  readonly heard: Readonly<Record<EventName, boolean>>;
  readonly #heard: Heard;
  readonly #listeners: ListenerTable = {
    call: [],
    attempt: [],
    retry: [],
    hedge: [],
    failover: [],
    endpoint: [],
    chaos: [],
    hazard: [],
    update: [],
    rejection: [],
    fallback: [],
    circuit: [],
    slo: [],
    incident: [],
    'internal-error': [],
  };
  readonly #onListenerError: (policy: string, error: unknown, heard: EventName) => void;

  /** @param channels where events go beside the listeners. Default: nowhere. */
  constructor(
    onListenerError: (policy: string, error: unknown, heard: EventName) => void,
    channels: EventChannels = noChannels,
  ) {
    this.#onListenerError = onListenerError;
    this.#heard = new Heard(channels);
    this.heard = this.#heard;
  }

  /** Adds a listener and returns the function that takes it away. The same function may be added twice. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    const entry: EventListener<Name> = (event) => listener(event);
    this.#set(name, [...this.#of(name), entry]);
    return () =>
      this.#set(
        name,
        this.#of(name).filter((other) => other !== entry),
      );
  }

  emit<Name extends EventName>(name: Name, event: BreakwaterEvents[Name]): void {
    for (const listener of this.#of(name)) {
      try {
        const returned: unknown = listener(event);
        if (returned instanceof Promise)
          returned.catch((error) => this.#onListenerError(event.policy, error, name));
      } catch (error) {
        this.#onListenerError(event.policy, error, name);
      }
    }
    this.#heard.publish(name, event);
  }

  /** Takes all listeners away, and leaves the channels: nobody hears anything from now on. */
  clear(): void {
    for (const name of eventNames) this.#set(name, []);
    this.#heard.channels = noChannels;
  }

  #of<Name extends EventName>(name: Name): readonly EventListener<Name>[] {
    const table: { [N in Name]: readonly EventListener<N>[] } = this.#listeners;
    return table[name];
  }

  #set<Name extends EventName>(name: Name, listeners: readonly EventListener<Name>[]): void {
    const table: { [N in Name]: readonly EventListener<N>[] } = this.#listeners;
    table[name] = listeners;
    this.#heard.listeners[name] = listeners.length;
  }
}
