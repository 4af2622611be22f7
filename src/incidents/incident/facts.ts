import { BoundedList, MAX_LIST_ENTRIES } from './bounded-list.ts';
import type { ChangeOf } from './changes/change.ts';
import type { IncidentJson, NotificationJson } from './document.ts';
import { impactOf, NO_IMPACT, situationOf, withLoopDelay } from './impact.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';

/** What the library finds out by itself. */
export type FactChange = ChangeOf<
  | 'held-back'
  | 'dependant-held'
  | 'circuit'
  | 'circuits'
  | 'slo'
  | 'notifying'
  | 'notified'
  | 'escalated'
  | 'flapping'
  | 'measured'
  | 'situation'
  | 'collected'
  | 'reminded'
  | 'adopted'
  | 'steered'
>;

/** What an incident gathers by itself. */
export class Facts {
  readonly #notifications = new BoundedList<NotificationJson>();
  readonly #escalations = new BoundedList<IncidentJson['escalations'][number]>();
  readonly #heldDependants = new BoundedList<IncidentJson['heldDependants'][number]>();
  readonly #files = new BoundedList<IncidentJson['files'][number]>();
  readonly #controls = new BoundedList<IncidentJson['controls'][number]>();
  #heldBack: IncidentJson['heldBack'] = null;
  #flapping = false;
  #impact: IncidentJson['impact'] = NO_IMPACT;
  #situation: IncidentJson['situation'] = null;
  #circuit: IncidentJson['condition']['circuit'] = null;
  #recoveredAt: string | null = null;
  readonly #burning = new Map<string, string>();

  /** Takes the change in. False where it changes nothing. */
  take(change: FactChange): boolean {
    switch (change.type) {
      case 'held-back':
        this.#heldBack = {
          because: change.because,
          text: change.text,
          upstream: change.upstream ?? null,
          until: isoTimeOrNull(change.until),
        };
        return true;
      case 'dependant-held':
        return this.#holdDependant(change);
      case 'circuit':
        this.#moveCircuit(change);
        return true;
      case 'circuits':
        this.#countCircuits(change);
        return true;
      case 'slo':
        if (change.status === 'burning') this.#burning.set(change.sli, isoTime(change.at));
        if (change.status === 'recovered') {
          this.#burning.delete(change.sli);
          this.#recoveredAt = isoTime(change.at);
        }
        return true;
      case 'notifying':
        this.#notify(change);
        return true;
      case 'notified':
        return this.#receive(change);
      case 'escalated':
        this.#escalations.add(change.at, {
          at: isoTime(change.at),
          contact: change.contact,
          level: change.level,
          via: change.via.slice(0, MAX_LIST_ENTRIES),
          why: change.why,
        });
        return true;
      case 'flapping':
        this.#flapping = change.flapping;
        return true;
      case 'measured':
        this.#impact = impactOf(change, this.#impact);
        this.#situation = withLoopDelay(this.#situation, change.eventLoopDelayP99Ms);
        return true;
      case 'situation':
        if (this.#situation !== null) return false;
        this.#situation = situationOf(change);
        return true;
      case 'collected':
        this.#files.add(change.at, {
          at: isoTime(change.at),
          collector: change.collector,
          file: change.file ?? null,
          bytes: change.bytes,
          truncated: change.truncated,
          error: change.error ?? null,
        });
        return true;
      case 'steered':
        return this.#steer(change);
      case 'reminded':
      case 'adopted':
        return true;
    }
  }

  /** What it came to, as it was measured last. */
  get impact(): IncidentJson['impact'] {
    return this.#impact;
  }

  /** Whether the figures are others than those that were measured last. The event loop's delay alone is no news. */
  isNews(change: ChangeOf<'measured'>): boolean {
    return JSON.stringify(impactOf(change, this.#impact)) !== JSON.stringify(this.#impact);
  }

  /** Whether a notification has not come to its end at a sink. */
  get unsent(): boolean {
    return this.#notifications.find(({ sinks }) => sinks.some(({ result }) => result === null)) !== undefined;
  }

  /** Whether all circuits were closed when one moved last; `undefined` where none did. */
  get allClosed(): boolean | undefined {
    return this.#circuit?.allClosed;
  }

  /** What was done to policies and is in force. */
  get controlsInForce(): IncidentJson['controls'] {
    return this.#controls.toJSON().filter(({ ended }) => !ended);
  }

  /** Whom it hurts, from the policies' options. */
  begin({ dependants, usedBy }: ChangeOf<'detected'>): void {
    this.#impact = {
      ...this.#impact,
      dependants: dependants.slice(0, MAX_LIST_ENTRIES),
      usedBy: usedBy.slice(0, MAX_LIST_ENTRIES),
    };
  }

  /** People are told: nothing holds it back. */
  tell(): void {
    this.#heldBack = null;
  }

  /** What circuit and SLIs showed before an incident was reopened proves nothing any more. */
  reopen(): void {
    this.#circuit = null;
    this.#recoveredAt = null;
  }

  /** What a person closed counts as closed by hand until it moves again. */
  #moveCircuit({ at, from, to, manual, allClosed = to === 'closed' }: ChangeOf<'circuit'>): void {
    const wasByHand = from !== 'closed' && (this.#circuit?.byHand ?? false);
    const byHand = wasByHand || (manual && to === 'closed');
    this.#circuit = { state: to, at: isoTime(at), allClosed, byHand };
  }

  #countCircuits({ at, allClosed }: ChangeOf<'circuits'>): void {
    if (this.#circuit?.allClosed === allClosed) return;
    const byHand = allClosed && (this.#circuit?.byHand ?? false);
    this.#circuit = { state: allClosed ? 'closed' : 'open', at: isoTime(at), allClosed, byHand };
  }

  #holdDependant({ at, policy, incident }: ChangeOf<'dependant-held'>): boolean {
    if (this.#heldDependants.find((held) => held.incident === incident) !== undefined) return false;
    this.#heldDependants.add(at, { policy, incident, at: isoTime(at) });
    return true;
  }

  #notify({ at, notification, kind, summary, sinks }: ChangeOf<'notifying'>): void {
    this.#heldBack = null;
    const waiting = sinks.map((sink) => ({ sink, result: null, at: null, tries: 0, detail: null }));
    const known = this.#notifications.update(
      ({ id }) => id === notification,
      (was) => {
        const added = waiting.filter(({ sink }) => was.sinks.every((other) => other.sink !== sink));
        const all = [...was.sinks, ...added].slice(0, MAX_LIST_ENTRIES);
        return { ...was, kind, summary, sinks: all };
      },
    );
    if (known) return;
    const all = waiting.slice(0, MAX_LIST_ENTRIES);
    this.#notifications.add(at, { id: notification, kind, at: isoTime(at), summary, sinks: all });
  }

  /** What was delivered stays delivered, though a second try of another process may have failed. */
  #receive({ at, notification, kind, sink, result, tries, detail }: ChangeOf<'notified'>): boolean {
    const matches = ({ id }: NotificationJson): boolean => id === notification;
    if (this.#notifications.find(matches) === undefined) {
      this.#notifications.add(at, { id: notification, kind, at: isoTime(at), summary: '', sinks: [] });
    }
    const before = this.#notifications.find(matches)?.sinks.find((other) => other.sink === sink);
    if (before?.result === 'delivered') return false;
    const receipt = { sink, result, at: isoTime(at), tries, detail };
    return this.#notifications.update(matches, (was) => ({
      ...was,
      sinks: (before === undefined
        ? [...was.sinks, receipt]
        : was.sinks.map((other) => (other.sink === sink ? receipt : other))
      ).slice(0, MAX_LIST_ENTRIES),
    }));
  }

  #steer({ at, control, text, by, until, ended }: ChangeOf<'steered'>): boolean {
    const isIt = (other: IncidentJson['controls'][number]): boolean =>
      other.control === control && !other.ended;
    const endedAt = ended ? isoTime(at) : null;
    const endedBy = ended ? (by ?? null) : null;
    if (ended && this.#controls.update(isIt, (was) => ({ ...was, ended, endedAt, endedBy, endedText: text })))
      return true;
    this.#controls.add(at, {
      at: isoTime(at),
      by: by ?? null,
      control,
      text,
      until: isoTimeOrNull(until),
      ended,
      endedAt,
      endedBy,
      endedText: null,
    });
    return true;
  }

  leftOut(): Readonly<Record<string, number>> {
    return {
      notifications: this.#notifications.leftOut,
      escalations: this.#escalations.leftOut,
      heldDependants: this.#heldDependants.leftOut,
      files: this.#files.leftOut,
      controls: this.#controls.leftOut,
    };
  }

  toJSON() {
    return {
      impact: this.#impact,
      situation: this.#situation,
      notifications: this.#notifications.toJSON(),
      escalations: this.#escalations.toJSON(),
      heldBack: this.#heldBack,
      heldDependants: this.#heldDependants.toJSON(),
      flapping: this.#flapping,
      files: this.#files.toJSON(),
      condition: {
        circuit: this.#circuit,
        burning: [...this.#burning].map(([sli, at]) => ({ sli, at })),
        recoveredAt: this.#recoveredAt,
      },
      controls: this.#controls.toJSON(),
    } satisfies Partial<IncidentJson>;
  }
}
