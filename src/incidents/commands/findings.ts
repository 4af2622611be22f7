import type { IncidentChange } from '../incident/changes/change.ts';
import { type CommandOf, type Draft, named } from './draft.ts';

type Changes = readonly IncidentChange[];

export function note(draft: Draft, { text, deadEnd = false }: CommandOf<'note'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.notes, 'notes');
  return [{ type: 'noted', at, by, id: draft.newPartId('n'), text: draft.text('text', text), deadEnd }];
}

export function observe(draft: Draft, { text }: CommandOf<'observe'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.observations, 'observations');
  return [{ type: 'observed', at, by, id: draft.newPartId('o'), text: draft.text('text', text) }];
}

export function raiseHypothesis(draft: Draft, command: CommandOf<'hypothesis'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.hypotheses, 'hypotheses');
  return [
    {
      type: 'hypothesis',
      at,
      by,
      id: draft.newPartId('h'),
      text: draft.text('text', command.text),
      reasoning: draft.textIfAny('reasoning', command.reasoning),
    },
  ];
}

export function addEvidence(draft: Draft, { hypothesis, text, supports }: CommandOf<'evidence'>): Changes {
  const { at, by, incident } = draft;
  const about = draft.part('hypothesis', hypothesis, incident.hypotheses, 'hypothesis');
  const safe = draft.text('text', text);
  if (about === undefined) return [];
  draft.room(about.evidence, 'pieces of evidence of that hypothesis');
  return [{ type: 'evidence', at, by, hypothesis: about.id, text: safe, supports }];
}

/** A cause is confirmed once it is held against everything that was observed. */
export function judge(draft: Draft, command: CommandOf<'judge'>): Changes {
  const { at, by, incident } = draft;
  const about = draft.part('hypothesis', command.hypothesis, incident.hypotheses, 'hypothesis');
  const explains = observations(draft, 'explains', command.explains ?? []);
  const doesNotExplain = observations(draft, 'doesNotExplain', command.doesNotExplain ?? []);
  const both = doesNotExplain.filter((id) => explains.includes(id));
  if (both.length > 0) draft.object('doesNotExplain', `${named(both)}: it is either explained or not`);
  const missing = incident.observations.filter(
    ({ id }) => !explains.includes(id) && !doesNotExplain.includes(id),
  );
  if (command.verdict === 'confirmed' && missing.length > 0) {
    draft.object(
      'explains',
      `a cause is confirmed once it is held against each observation: say whether it explains ${named(
        missing.map(({ id, text }) => `${id} (${text.slice(0, 60)})`),
      )}`,
    );
  }
  const reason = draft.text('reason', command.reason);
  if (about === undefined) return [];
  const { verdict } = command;
  return [
    { type: 'hypothesis-judged', at, by, hypothesis: about.id, verdict, reason, explains, doesNotExplain },
  ];
}

function observations(draft: Draft, path: string, references: readonly string[]): string[] {
  const found = references.map(
    (reference, at) =>
      draft.part(`${path}[${at}]`, reference, draft.incident.observations, 'observation')?.id,
  );
  return [...new Set(found.filter((id) => id !== undefined))];
}

export function reproduce(draft: Draft, { reproduced, how, version }: CommandOf<'reproduce'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.reproductions, 'reproductions');
  const safe = { how: draft.text('how', how), version: draft.short('version', version) };
  return [{ type: 'reproduced', at, by, reproduced, ...safe }];
}

export function tryMitigation(draft: Draft, command: CommandOf<'try'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.mitigations, 'mitigations');
  const text = draft.text('text', command.text);
  const { stopgap = false } = command;
  const hypothesis =
    command.hypothesis === undefined
      ? undefined
      : draft.part('hypothesis', command.hypothesis, incident.hypotheses, 'hypothesis')?.id;
  return [{ type: 'mitigation', at, by, id: draft.newPartId('m'), text, hypothesis, stopgap }];
}

export function judgeMitigation(draft: Draft, command: CommandOf<'outcome'>): Changes {
  const { at, by, incident } = draft;
  const text = draft.text('text', command.text);
  const tried = draft.part('mitigation', command.mitigation, incident.mitigations, 'mitigation');
  if (tried === undefined) return [];
  if (tried.outcome === 'undone') {
    draft.object('mitigation', `${tried.id} was undone: 'try' it again, if it is in force again`);
  }
  return [{ type: 'mitigation-judged', at, by, mitigation: tried.id, outcome: command.outcome, text }];
}

export function learn(draft: Draft, { topic, text, evidence }: CommandOf<'learned'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.learned, 'lessons');
  const safe = { text: draft.text('text', text), evidence: draft.textIfAny('evidence', evidence) };
  return [{ type: 'learned', at, by, topic, ...safe }];
}
