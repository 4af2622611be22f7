import type { CircuitState } from './circuit.ts';
import type { AttemptOutcome, CallOutcome, Component, FallbackSource, RetryReason } from './observer.ts';
import type { RejectionReason, Source } from './outcome.ts';
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

/** A second attempt was started beside a slow one. */
export interface HedgeEvent extends EventBase {
  readonly attempt: number;
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
  /** What traced the call that caused it, if a call did, where `breakwater.useTracing()` is in use. */
  readonly trace?: unknown;
}

/** What every event about an error budget tells. */
export interface SloEventBase extends EventBase {
  /** What happened, one sentence of up to 500 characters. */
  readonly summary: string;
}

/** What every event about the error budget of one objective tells. */
export interface ObjectiveEventBase extends SloEventBase {
  readonly sli: 'availability' | 'latency' | 'correctness';
  readonly objective: number;
  /** Share of the error budget that is left, negative when it is overspent; `undefined` without data. */
  readonly budgetRemaining: number | undefined;
}

/** An error budget burns too fast. Also when an alert becomes more urgent, or less. */
export interface SloBurningEvent extends ObjectiveEventBase {
  readonly status: 'burning';
  /** A page wakes somebody up, a ticket waits for the working day. */
  readonly severity: 'page' | 'ticket';
  /** What burned before; `undefined` where nothing did. */
  readonly previousSeverity: 'page' | 'ticket' | undefined;
  /** The windows of the most urgent alert that fires, such as `1h` and `5m`. */
  readonly longWindow: string;
  readonly shortWindow: string;
  /** The burn rate above which it fires. */
  readonly factor: number;
  readonly longBurnRate: number;
  readonly shortBurnRate: number;
}

/** No alert of the objective fires any more. */
export interface SloRecoveredEvent extends ObjectiveEventBase {
  readonly status: 'recovered';
  /** What burned before. */
  readonly severity: 'page' | 'ticket';
  /**
   * `below-threshold`: the budget burns slower. `no-data`: no events, so that nobody can say. `held-back`: the
   * alert on the policy's availability has taken over. `removed`: the policy was removed.
   */
  readonly reason: 'below-threshold' | 'no-data' | 'held-back' | 'removed';
}

/** An error budget is spent. Told once, until there is budget again. */
export interface SloExhaustedEvent extends ObjectiveEventBase {
  readonly status: 'exhausted';
  /** Events of the budget's period. */
  readonly good: number;
  readonly bad: number;
}

/** Releases of what calls the policy should wait. */
export interface SloFrozenEvent extends SloEventBase {
  readonly status: 'frozen';
  /** The objectives that say so. */
  readonly slis: readonly ObjectiveEventBase['sli'][];
}

/** Nothing speaks against releases any more. */
export interface SloThawedEvent extends SloEventBase {
  readonly status: 'thawed';
  /** `no-objection`: no objective of the policy says no any more. `removed`: the policy was removed. */
  readonly reason: 'no-objection' | 'removed';
}

/** An error budget burns too fast, recovered or is gone, or releases are frozen or thawed. Told apart by `status`. */
export type SloEvent =
  | SloBurningEvent
  | SloRecoveredEvent
  | SloExhaustedEvent
  | SloFrozenEvent
  | SloThawedEvent;

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
  'rejection',
  'fallback',
  'circuit',
  'slo',
  'incident',
  'internal-error',
];

/** Whether anybody listens, by event. */
type Heard = { [Name in EventName]: boolean };

type ListenerTable = { [Name in EventName]: readonly EventListener<Name>[] };

/**
 * Typed events. An emitter looks at `heard` before it builds an event, so that one nobody hears costs nothing. A
 * listener that throws, or returns a promise that rejects, is reported and harms nobody.
 */
export class Events {
  /** Whether anybody listens to an event. */
  readonly heard: Readonly<Heard>;
  readonly #heard: Heard = {
    call: false,
    attempt: false,
    retry: false,
    hedge: false,
    rejection: false,
    fallback: false,
    circuit: false,
    slo: false,
    incident: false,
    'internal-error': false,
  };
  readonly #listeners: ListenerTable = {
    call: [],
    attempt: [],
    retry: [],
    hedge: [],
    rejection: [],
    fallback: [],
    circuit: [],
    slo: [],
    incident: [],
    'internal-error': [],
  };
  readonly #onListenerError: (policy: string, error: unknown, heard: EventName) => void;

  constructor(onListenerError: (policy: string, error: unknown, heard: EventName) => void) {
    this.#onListenerError = onListenerError;
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
  }

  /** Takes all listeners away. */
  clear(): void {
    for (const name of eventNames) this.#set(name, []);
  }

  #of<Name extends EventName>(name: Name): readonly EventListener<Name>[] {
    const table: { [N in Name]: readonly EventListener<N>[] } = this.#listeners;
    return table[name];
  }

  #set<Name extends EventName>(name: Name, listeners: readonly EventListener<Name>[]): void {
    const table: { [N in Name]: readonly EventListener<N>[] } = this.#listeners;
    table[name] = listeners;
    this.#heard[name] = listeners.length > 0;
  }
}
