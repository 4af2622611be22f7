import { monotonicNow, wallNow } from '../../core/clock.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import type { IncidentCommand } from '../commands/command.ts';
import { decide } from '../commands/decide.ts';
import type { ChangeOf, IncidentChange } from '../incident/changes/change.ts';
import { ownDedupKey } from '../incident/shared-alert.ts';
import { isOpen } from '../incident/status.ts';
import { messages } from '../messages.ts';
import type { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import type { Keeper } from './keeper.ts';
import type { Ledger } from './ledger.ts';
import { newPartId } from './part-id.ts';
import type { Teller } from './teller.ts';

/** What `People` works with. */
export interface PeopleParts {
  readonly register: IncidentRegister;
  readonly ledger: Ledger;
  readonly keeper: Keeper;
  readonly teller: Teller;
  readonly schedule: () => void;
  /** A person resolved an incident of the policy, while its trouble may go on. */
  readonly onResolved: (policy: string) => void;
  /** Ends what was done to policies for an incident that is closed. */
  readonly endControls: (incident: string) => void;
}

/** What people do to incidents: here, over the socket, or by a command that wrote it into the journal. */
export class People {
  readonly #parts: PeopleParts;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /**
   * Does what a checked command says.
   *
   * @throws {InvalidOptionsError} naming all that speaks against it
   */
  do(watch: Watch, command: IncidentCommand): void {
    const { record } = watch;
    // What gates a step is judged by what calls came to until now.
    if (command.do === 'resolve' || command.do === 'close' || command.do === 'mitigated')
      this.#parts.keeper.measure(record);
    const changes = decide(record.toJSON(), command, { at: wallNow(), newPartId });
    const effective = this.record(watch, changes);
    this.#parts.schedule();
    if (changes.length === 0 || effective.length > 0) return;
    const message = 'changed nothing, since that is so already; the timeline has it as without effect';
    throw new InvalidOptionsError(record.policy, 'What was done to the incident', [{ path: 'do', message }]);
  }

  /** Adds changes to the incident, and does what follows from those that had an effect, which it gives. */
  record(watch: Watch, changes: readonly IncidentChange[]): readonly IncidentChange[] {
    const effective = this.#parts.ledger.enact(watch.record, changes);
    for (const change of effective) this.after(watch, change);
    return effective;
  }

  /** What follows from a change that a person made and that the incident has taken in. */
  after(watch: Watch, change: IncidentChange): void {
    const { record, telling } = watch;
    const { keeper, teller, register } = this.#parts;
    switch (change.type) {
      case 'acknowledged':
        telling.escalateAt = Number.POSITIVE_INFINITY;
        teller.update(watch, messages.acknowledged(change.by), { urgent: true });
        break;
      case 'mitigated':
        telling.escalateAt = Number.POSITIVE_INFINITY;
        teller.update(watch, messages.mitigated(change.by, change.reason), { urgent: true });
        break;
      case 'resolved':
        if (isOpen(record.status)) break;
        if (!register.isOpen(record.id)) {
          this.#resolveForAll(watch, change);
          break;
        }
        keeper.resolved(watch, change.by);
        if (!record.drill) this.#parts.onResolved(record.policy);
        break;
      case 'reopened':
        if (!register.isOpen(record.id) && isOpen(record.status))
          keeper.reopened(watch, change.by === undefined ? change.reason : `${change.by}: ${change.reason}`);
        break;
      case 'closed':
        this.#parts.endControls(record.id);
        break;
      case 'severity':
        keeper.setByPerson(watch);
        teller.update(watch, messages.severitySet(change.to, change.by, change.why), { urgent: true });
        break;
      case 'update':
        telling.remindAt =
          (isOpen(record.status) ? change.nextUpdateAt : undefined) ?? Number.POSITIVE_INFINITY;
        teller.update(watch, change.text, { urgent: true });
        break;
      default:
        break;
    }
  }

  /** What had resolved itself here is over for all who share its alert. */
  #resolveForAll(watch: Watch, { by, at }: ChangeOf<'resolved'>): void {
    const { record } = watch;
    if (by === undefined || record.dedupKey === ownDedupKey(record.id) || record.resolvedBy !== by) return;
    const durationMs = Math.max(0, at - record.startedAt);
    this.#parts.teller.endForAll(watch, messages.resolved(record.policy, durationMs, by));
  }

  /** A person's declaration joins the incident that is open. */
  join(watch: Watch, summary: string, by: string | undefined): void {
    const id = newPartId('n');
    const text = messages.declaredToo(summary);
    const who = by === undefined ? {} : { by };
    this.#parts.ledger.record(watch.record, {
      type: 'noted',
      at: wallNow(),
      id,
      text,
      ...who,
      deadEnd: false,
    });
  }

  /** Ends a drill's incident whatever its checklists say. */
  finishDrill(watch: Watch, reason: string): void {
    const { record } = watch;
    if (!record.drill) return;
    const by = 'drill';
    this.#parts.keeper.resolve(watch, by, reason);
    if (record.status === 'resolved')
      this.#parts.ledger.record(record, { type: 'closed', at: wallNow(), by, reason });
    this.#parts.endControls(record.id);
    watch.end('drill', monotonicNow());
  }
}
