import { actionOf, moveAction } from './action.ts';
import { BoundedList, MAX_LIST_ENTRIES } from './bounded-list.ts';
import type { ChangeOf } from './changes/change.ts';
import type { ActionJson, IncidentJson } from './document.ts';
import { addOnce, authorOf } from './investigation.ts';
import { isoTime, isoTimeOrNull } from './iso-time.ts';

/** What people do, and agree on. */
export type WorkChange = ChangeOf<
  | 'assigned'
  | 'action'
  | 'action-moved'
  | 'data-to-repair'
  | 'data-repaired'
  | 'decision-needed'
  | 'decided'
  | 'update'
  | 'affected'
  | 'war-room'
  | 'contacted'
  | 'checked'
  | 'runbook-step'
>;

/** Items that are asked for again once an incident is reopened. */
const ASKED_AGAIN = /^(contact|impact|verification)\./;

/** What people do about an incident, and what they tell each other of it. */
export class Work {
  #roles: IncidentJson['roles'] = {
    commander: [],
    scribe: [],
    investigator: [],
    fixer: [],
    communications: [],
  };
  readonly #actions = new BoundedList<ActionJson>();
  readonly #repairs = new BoundedList<IncidentJson['dataToRepair'][number]>();
  readonly #decisions = new BoundedList<IncidentJson['decisions'][number]>();
  readonly #updates = new BoundedList<IncidentJson['updates'][number]>();
  readonly #contacted = new BoundedList<IncidentJson['contacted'][number]>();
  readonly #checks = new BoundedList<IncidentJson['checks'][number]>();
  readonly #runbookSteps = new BoundedList<IncidentJson['runbookSteps'][number]>();
  #warRoom: string | null = null;
  #affected: IncidentJson['affected'] = { users: null, scope: null };

  /** Takes the change in. False where it changes nothing. */
  take(change: WorkChange): boolean {
    const { at } = change;
    const author = authorOf(change);
    switch (change.type) {
      case 'assigned':
        this.#assign(change);
        return true;
      case 'action':
        return addOnce(this.#actions, at, actionOf(change));
      case 'action-moved':
        return this.#moveAction(change);
      case 'data-to-repair':
        return addOnce(this.#repairs, at, {
          ...author,
          id: change.id,
          text: change.text,
          doneAt: null,
          doneBy: null,
        });
      case 'data-repaired':
        return this.#repairs.update(
          ({ id, doneAt }) => id === change.repair && doneAt === null,
          (was) => ({ ...was, doneAt: isoTime(at), doneBy: change.by ?? null }),
        );
      case 'decision-needed':
        return addOnce(this.#decisions, at, {
          ...author,
          id: change.id,
          question: change.question,
          authority: change.authority ?? null,
          answer: null,
          knew: null,
          decidedBy: null,
          decidedAt: null,
        });
      case 'decided':
        return this.#decisions.update(
          ({ id, decidedAt }) => id === change.decision && decidedAt === null,
          (was) => ({
            ...was,
            answer: change.answer,
            knew: change.knew,
            decidedBy: change.by,
            decidedAt: isoTime(at),
          }),
        );
      case 'update':
        this.#updates.add(at, {
          ...author,
          text: change.text,
          expectedRecoveryAt: isoTimeOrNull(change.expectedRecoveryAt),
          nextUpdateAt: isoTimeOrNull(change.nextUpdateAt),
        });
        return true;
      case 'affected':
        this.#affected = {
          users: change.users ?? this.#affected.users,
          scope: change.scope ?? this.#affected.scope,
        };
        return true;
      case 'war-room':
        this.#warRoom = change.url;
        return true;
      case 'contacted': {
        const { contact, reached, text } = change;
        this.#contacted.add(at, { ...author, contact, reached, text: text ?? null });
        return true;
      }
      case 'checked': {
        const { item, state, reason } = change;
        this.#checks.remove((check) => check.item === item);
        this.#checks.add(at, { ...author, item, state, reason: reason ?? null });
        return true;
      }
      case 'runbook-step': {
        const { runbook, step, state, text } = change;
        this.#runbookSteps.add(at, { ...author, runbook, step, state, text: text ?? null });
        return true;
      }
    }
  }

  /** Who was told, what was looked at and verified before it was reopened must be so again, and nothing stays waived. */
  reopen(): void {
    this.#checks.remove(({ item, state }) => state === 'waived' || ASKED_AGAIN.test(item));
  }

  /** One commander and one scribe: the next takes over. */
  #assign({ role, person, released }: ChangeOf<'assigned'>): void {
    const others = this.#roles[role].filter((holder) => holder !== person);
    const shared = role === 'commander' || role === 'scribe' ? [] : others;
    const holders = released ? others : [...shared, person].slice(-MAX_LIST_ENTRIES);
    this.#roles = { ...this.#roles, [role]: holders };
  }

  #moveAction(change: ChangeOf<'action-moved'>): boolean {
    let moved = false;
    this.#actions.update(
      ({ id }) => id === change.action,
      (was) => {
        const now = moveAction(was, change);
        moved = now !== undefined;
        return now ?? was;
      },
    );
    return moved;
  }

  leftOut(): Readonly<Record<string, number>> {
    return {
      actions: this.#actions.leftOut,
      dataToRepair: this.#repairs.leftOut,
      decisions: this.#decisions.leftOut,
      updates: this.#updates.leftOut,
      contacted: this.#contacted.leftOut,
      checks: this.#checks.leftOut,
      runbookSteps: this.#runbookSteps.leftOut,
    };
  }

  toJSON() {
    return {
      warRoom: this.#warRoom,
      affected: this.#affected,
      roles: this.#roles,
      actions: this.#actions.toJSON(),
      dataToRepair: this.#repairs.toJSON(),
      decisions: this.#decisions.toJSON(),
      updates: this.#updates.toJSON(),
      contacted: this.#contacted.toJSON(),
      checks: this.#checks.toJSON(),
      runbookSteps: this.#runbookSteps.toJSON(),
    } satisfies Partial<IncidentJson>;
  }
}
