import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { CircuitEvent, EndpointEvent } from '../../core/events.ts';
import type {
  SloBurningEvent,
  SloEvent,
  SloExhaustedEvent,
  SloRecoveredEvent,
} from '../../core/slo-events.ts';
import { whose } from '../circuit-tally.ts';
import type { ChangeOf, IncidentChange } from '../incident/changes/change.ts';
import { isOpen } from '../incident/status.ts';
import type { IncidentTrigger } from '../incident/trigger.ts';
import type { NameKey } from '../key-name.ts';
import { messages } from '../messages.ts';
import { allClosed, type PolicyReader } from '../policy-reader.ts';
import { redact } from '../redact.ts';
import type { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import type { SustainedEjection } from './ejection-watch.ts';
import type { Keeper } from './keeper.ts';
import type { Ledger } from './ledger.ts';
import type { SustainedRejections } from './rejection-watch.ts';
import type { Teller } from './teller.ts';

/** What is shown of an endpoint's name, in characters. */
const MAX_ENDPOINT_LENGTH = 60;
/** How long an endpoint whose ejection is over may wait for a run that tries it. */
const TRIED_WITHIN_MS = 60_000;

/** What `Triggers` works with. */
export interface TriggersParts {
  readonly register: IncidentRegister;
  readonly policies: PolicyReader;
  readonly ledger: Ledger;
  readonly keeper: Keeper;
  readonly teller: Teller;
  readonly nameKey: NameKey;
  readonly schedule: () => void;
  /** Has the timer be due no later than the incident is. */
  readonly scheduleFor: (watch: Watch) => void;
}

/** Trouble of a policy. */
interface Trouble {
  readonly policy: string;
  readonly trigger: IncidentTrigger;
  readonly summary: string;
  readonly at: number;
  readonly startedAt?: number | undefined;
  readonly change?: IncidentChange | undefined;
  /** Has the incident know what it is about. */
  readonly note: (watch: Watch, now: number) => void;
}

/** What begins an incident, joins the one that is open, or reopens the latest. */
export class Triggers {
  readonly #parts: TriggersParts;

  constructor(parts: TriggersParts) {
    this.#parts = parts;
  }

  circuitMoved(event: CircuitEvent): void {
    if (event.shadow) return;
    const { policy, to, manual } = event;
    const { register, nameKey } = this.#parts;
    const begins = to === 'open' && !manual && register.openOf(policy) === undefined;
    for (const watch of register.allOpenOf(policy)) this.#move(watch, event);
    if (!begins) return;
    const reason = redact(`${whose(event, nameKey)}${event.reason}`);
    this.#trouble({
      policy,
      trigger: 'circuit',
      summary: messages.opened(policy, reason),
      at: event.time,
      startedAt: event.failingSince,
      change: circuitChange(event, nameKey),
      note: (watch, now) => {
        watch.observe(false, now);
        if (event.key !== undefined) watch.lookSoon(now);
      },
    });
  }

  burns(event: SloBurningEvent): void {
    const { policy, sli, previousSeverity, severity } = event;
    const summary = messages.burning(policy, redact(event.summary));
    const joined = this.#trouble({
      policy,
      trigger: 'slo',
      summary,
      at: event.time,
      change: sloChange(event),
      note: (watch, now) => {
        watch.begin(`slo ${sli}`, now);
        watch.burn(sli, event);
      },
    });
    const isNews = previousSeverity === undefined || (previousSeverity === 'ticket' && severity === 'page');
    if (joined !== undefined && isNews) this.#parts.teller.update(joined, summary);
  }

  recovered(event: SloRecoveredEvent): void {
    const watch = this.#parts.register.openOf(event.policy);
    if (watch === undefined) return;
    this.#parts.ledger.record(watch.record, sloChange(event));
    watch.burn(event.sli, undefined);
    watch.end(`slo ${event.sli}`, monotonicNow());
    this.#parts.schedule();
  }

  /** It is over when nothing burns and the circuits are closed: the spending is, though the budget stays spent. */
  exhausted(event: SloExhaustedEvent): void {
    const { policy } = event;
    const summary = messages.exhausted(policy, redact(event.summary));
    const joined = this.#trouble({
      policy,
      trigger: 'budget',
      summary,
      at: event.time,
      change: sloChange(event),
      note: (watch) => watch.exhaust(),
    });
    if (joined !== undefined) this.#parts.teller.update(joined, summary);
  }

  /** Puts what an error budget does on the timeline of what is open, and makes no more of it. */
  note(event: SloEvent): void {
    if (event.status === 'frozen' || event.status === 'thawed') return;
    for (const watch of this.#parts.register.allOpenOf(event.policy)) {
      this.#parts.ledger.record(watch.record, sloChange(event));
    }
  }

  rejects({ policy, reason, rejected, calls, overMs }: SustainedRejections): void {
    const summary = messages.rejecting(policy, reason, rejected, calls, overMs);
    const at = wallNow();
    const joined = this.#trouble({
      policy,
      trigger: 'rejections',
      summary,
      at,
      startedAt: at - overMs,
      note: (watch, now) => watch.begin('rejections', now),
    });
    if (joined !== undefined) this.#parts.teller.update(joined, summary);
  }

  rejectsNoMore(policy: string): void {
    this.#parts.register.openOf(policy)?.end('rejections', monotonicNow());
    this.#parts.schedule();
  }

  /**
   * An endpoint gets no calls. What may be a blip begins nothing; it is noted where the incident is about an endpoint.
   *
   * @param sustained that it is none
   */
  ejected(event: EndpointEvent, sustained: SustainedEjection | undefined): void {
    const { policy, time, ejectedForMs = 0 } = event;
    const { register, policies, teller } = this.#parts;
    if (sustained === undefined && register.openOf(policy)?.record.trigger !== 'endpoint') return;
    const { overMs, isNews } = sustained ?? { overMs: 0, isNews: false };
    const endpoint = redact(event.endpoint, MAX_ENDPOINT_LENGTH);
    const cause = `endpoint ${event.endpoint}` as const;
    const summary = messages.endpointOut(policy, endpoint, overMs, redact(event.reason));
    const joined = this.#trouble({
      policy,
      trigger: 'endpoint',
      summary,
      at: time,
      startedAt: time - overMs,
      note: (watch, now) => {
        watch.endpoints = event.endpoints;
        // A run that tries it comes with the calls after that; where there are none, nobody misses it.
        watch.begin(cause, now, now + ejectedForMs + TRIED_WITHIN_MS);
      },
    });
    if (joined === undefined || !isNews) return;
    if (policies.read(policy).tally.openEndpoints.includes(event.endpoint)) return;
    teller.update(joined, summary);
  }

  returned({ policy, endpoint }: EndpointEvent): void {
    this.#parts.register.openOf(policy)?.end(`endpoint ${endpoint}`, monotonicNow());
    this.#parts.schedule();
  }

  /** The incident that it joined; `undefined` where it began or reopened one. */
  #trouble({ note, change, ...trouble }: Trouble): Watch | undefined {
    const { policy, at, summary } = trouble;
    const { register, keeper, ledger, policies, scheduleFor } = this.#parts;
    const open = register.openOf(policy);
    const again = open === undefined ? keeper.reopenable(policy) : undefined;
    const changes = change === undefined ? [] : [change];
    if (open === undefined && again === undefined) {
      keeper.begin({ ...trouble, changes, prepare: note });
      return undefined;
    }
    if (again !== undefined) keeper.reopen(again, summary, at);
    const watch = open ?? again;
    // Whoever heard that it was reopened may have resolved it.
    if (watch === undefined || !isOpen(watch.record.status)) return undefined;
    ledger.record(watch.record, ...changes);
    note(watch, monotonicNow());
    keeper.review(watch, policies.read(policy));
    scheduleFor(watch);
    return open;
  }

  #move(watch: Watch, event: CircuitEvent): void {
    const { policy, to, manual } = event;
    const { ledger, policies, teller, keeper, nameKey, scheduleFor } = this.#parts;
    if (event.key !== undefined) {
      this.#moveKey(watch, event);
      return;
    }
    const reading = policies.read(policy);
    const { states } = reading;
    const closed = to === 'closed' && (states.length <= 1 || allClosed(states));
    const isBack = event.from === 'closed' && to === 'open' && !manual;
    if (isBack && watch.record.status === 'mitigated')
      keeper.relapsed(watch, redact(event.reason), event.time);
    ledger.record(watch.record, { ...circuitChange(event, nameKey), allClosed: closed });
    if (manual && !watch.record.drill) teller.update(watch, messages.steeredByHand(event));
    keeper.observe(watch, closed, reading);
    scheduleFor(watch);
  }

  /** Of a thousand keys each may move: they are counted together, a little later. */
  #moveKey(watch: Watch, { from, to, manual, reason, time, ...rest }: CircuitEvent): void {
    const { keeper, nameKey, scheduleFor } = this.#parts;
    const isBack = from === 'closed' && to === 'open' && !manual;
    if (isBack && watch.record.status === 'mitigated')
      keeper.relapsed(watch, redact(`${whose(rest, nameKey)}${reason}`), time);
    watch.lookSoon(monotonicNow());
    scheduleFor(watch);
  }
}

function circuitChange(event: CircuitEvent, nameKey: NameKey): ChangeOf<'circuit'> {
  const { time, from, to, reason, manual, key, endpoint } = event;
  return {
    type: 'circuit',
    at: time,
    from,
    to,
    reason: redact(`${whose(event, nameKey)}${reason}`),
    manual,
    ...(key === undefined ? {} : { key: nameKey(key) }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

function sloChange({
  time,
  sli,
  status,
  summary,
}: SloBurningEvent | SloRecoveredEvent | SloExhaustedEvent): IncidentChange {
  return { type: 'slo', at: time, sli, status, text: redact(summary) };
}

/** What an event about an error budget has to do with incidents. */
export function heed(triggers: Triggers, event: SloEvent): void {
  if (event.status === 'burning') triggers.burns(event);
  else if (event.status === 'recovered') triggers.recovered(event);
  else if (event.status === 'exhausted') triggers.exhausted(event);
}
