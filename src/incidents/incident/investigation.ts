import { BoundedList, MAX_LIST_ENTRIES } from './bounded-list.ts';
import type { ChangeOf } from './changes/change.ts';
import type { Authored, HypothesisJson, IncidentJson } from './document.ts';
import { isoTime } from './iso-time.ts';

/** What people find out. */
export type FindingChange = ChangeOf<
  | 'noted'
  | 'observed'
  | 'hypothesis'
  | 'evidence'
  | 'hypothesis-judged'
  | 'reproduced'
  | 'mitigation'
  | 'mitigation-judged'
  | 'learned'
>;

/** What people find out: notes, facts, possible causes and what speaks for them, what was tried, what was learned. */
export class Investigation {
  readonly #notes = new BoundedList<IncidentJson['notes'][number]>();
  readonly #observations = new BoundedList<IncidentJson['observations'][number]>();
  readonly #hypotheses = new BoundedList<HypothesisJson>();
  readonly #reproductions = new BoundedList<IncidentJson['reproductions'][number]>();
  readonly #mitigations = new BoundedList<IncidentJson['mitigations'][number]>();
  readonly #learned = new BoundedList<IncidentJson['learned'][number]>();

  /** Takes the change in. False where it changes nothing. */
  take(change: FindingChange): boolean {
    const { at } = change;
    const author = authorOf(change);
    switch (change.type) {
      case 'noted': {
        const { id, text, deadEnd } = change;
        return addOnce(this.#notes, at, { ...author, id, text, deadEnd });
      }
      case 'observed':
        return addOnce(this.#observations, at, { ...author, id: change.id, text: change.text });
      case 'hypothesis':
        return addOnce(this.#hypotheses, at, {
          ...author,
          id: change.id,
          text: change.text,
          reasoning: change.reasoning ?? null,
          status: 'open',
          reason: null,
          evidence: [],
          explains: [],
          doesNotExplain: [],
        });
      case 'evidence': {
        const { text, supports } = change;
        return this.#ofHypothesis(change.hypothesis, (was) => ({
          ...was,
          evidence: [...was.evidence, { ...author, text, supports }].slice(-MAX_LIST_ENTRIES),
        }));
      }
      case 'hypothesis-judged':
        return this.#ofHypothesis(change.hypothesis, (was) => ({
          ...was,
          status: change.verdict,
          reason: change.reason,
          explains: change.explains.slice(0, MAX_LIST_ENTRIES),
          doesNotExplain: change.doesNotExplain.slice(0, MAX_LIST_ENTRIES),
        }));
      case 'reproduced': {
        const { reproduced, how, version } = change;
        this.#reproductions.add(at, { ...author, reproduced, how, version });
        return true;
      }
      case 'mitigation':
        return addOnce(this.#mitigations, at, {
          ...author,
          id: change.id,
          text: change.text,
          hypothesis: change.hypothesis ?? null,
          stopgap: change.stopgap,
          outcome: null,
          outcomeText: null,
          outcomeAt: null,
        });
      case 'mitigation-judged':
        return this.#mitigations.update(
          ({ id, outcome }) => id === change.mitigation && outcome !== 'undone',
          (was) => ({ ...was, outcome: change.outcome, outcomeText: change.text, outcomeAt: isoTime(at) }),
        );
      case 'learned': {
        const { topic, text, evidence } = change;
        this.#learned.add(at, { ...author, topic, text, evidence: evidence ?? null });
        return true;
      }
    }
  }

  #ofHypothesis(hypothesis: string, update: (was: HypothesisJson) => HypothesisJson): boolean {
    return this.#hypotheses.update(({ id }) => id === hypothesis, update);
  }

  leftOut(): Readonly<Record<string, number>> {
    return {
      notes: this.#notes.leftOut,
      observations: this.#observations.leftOut,
      hypotheses: this.#hypotheses.leftOut,
      reproductions: this.#reproductions.leftOut,
      mitigations: this.#mitigations.leftOut,
      learned: this.#learned.leftOut,
    };
  }

  toJSON() {
    return {
      notes: this.#notes.toJSON(),
      observations: this.#observations.toJSON(),
      hypotheses: this.#hypotheses.toJSON(),
      reproductions: this.#reproductions.toJSON(),
      mitigations: this.#mitigations.toJSON(),
      learned: this.#learned.toJSON(),
    } satisfies Partial<IncidentJson>;
  }
}

/** Who did it, and when. */
export function authorOf({ at, by }: { readonly at: number; readonly by?: string | undefined }): Authored {
  return { at: isoTime(at), by: by ?? null };
}

/** Adds a part; what comes a second time under its id is the same part. */
export function addOnce<T extends { readonly id: string }>(
  list: BoundedList<T>,
  at: number,
  part: T,
): boolean {
  if (list.find(({ id }) => id === part.id) !== undefined) return false;
  list.add(at, part);
  return true;
}
