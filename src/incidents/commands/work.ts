import type { IncidentChange } from '../incident/changes/change.ts';
import { type CommandOf, type Draft, isSamePerson } from './draft.ts';

type Changes = readonly IncidentChange[];

/** The latest time that a document can name, in milliseconds since the epoch. */
const LATEST = 8.64e15;

export function assign(draft: Draft, command: CommandOf<'assign'>): Changes {
  const { at, by, incident } = draft;
  const { role, release: released = false } = command;
  const person = draft.person('person', command.person);
  const holder = incident.roles[role].find((other) => isSamePerson(other, person));
  if (released && holder === undefined) draft.object('person', `${person} is no ${role}`);
  if (!released && holder !== undefined) draft.object('person', `${holder} is ${role} already`);
  if (!released && role !== 'commander' && role !== 'scribe') draft.room(incident.roles[role], role);
  return [{ type: 'assigned', at, by, role, person: holder ?? person, released }];
}

export function needRepair(draft: Draft, { text }: CommandOf<'data-to-repair'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.dataToRepair, 'data to repair');
  return [{ type: 'data-to-repair', at, by, id: draft.newPartId('r'), text: draft.text('text', text) }];
}

export function repair(draft: Draft, command: CommandOf<'data-repaired'>): Changes {
  const { at, by, incident } = draft;
  const text = draft.textIfAny('text', command.text);
  const data = draft.part('repair', command.repair, incident.dataToRepair, 'data to repair');
  if (data === undefined) return [];
  if (data.doneAt !== null) draft.object('repair', `${data.id} was repaired already, at ${data.doneAt}`);
  return [{ type: 'data-repaired', at, by, repair: data.id, text }];
}

export function needDecision(draft: Draft, command: CommandOf<'decision-needed'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.decisions, 'decisions');
  const question = draft.text('question', command.question);
  const authority = draft.personIfAny('authority', command.authority);
  return [{ type: 'decision-needed', at, by, id: draft.newPartId('d'), question, authority }];
}

export function makeDecision(draft: Draft, command: CommandOf<'decide'>): Changes {
  const { at, by, incident } = draft;
  const answer = draft.text('answer', command.answer);
  const knew = draft.text('knew', command.knew);
  const asked = draft.part('decision', command.decision, incident.decisions, 'decision');
  if (asked === undefined) return [];
  if (asked.decidedAt !== null) {
    const who = asked.decidedBy ?? 'somebody';
    draft.object('decision', `${who} decided ${asked.id} already: ${asked.answer ?? ''}`);
  } else if (asked.authority !== null && !isSamePerson(by, asked.authority)) {
    draft.object(
      'by',
      `${asked.id} is for ${asked.authority} to decide, not for ${by}: record it by that name`,
    );
  }
  return [{ type: 'decided', at, by, decision: asked.id, answer, knew }];
}

export function update(draft: Draft, command: CommandOf<'update'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.updates, 'status updates');
  const { expectedRecoveryAt, nextUpdateMs } = command;
  const text = draft.text('text', command.text);
  if (expectedRecoveryAt !== undefined && !(expectedRecoveryAt > at && expectedRecoveryAt <= LATEST)) {
    draft.object('expectedRecoveryAt', 'is not in the future: give a time in milliseconds since the epoch');
  }
  const nextUpdateAt = nextUpdateMs === undefined ? undefined : at + nextUpdateMs;
  if (nextUpdateAt !== undefined && !(nextUpdateAt <= LATEST)) {
    draft.object('nextUpdateMs', 'is too far away');
  }
  return [{ type: 'update', at, by, text, expectedRecoveryAt, nextUpdateAt }];
}

export function affect(draft: Draft, command: CommandOf<'affected'>): Changes {
  const { at, by } = draft;
  const users = draft.textIfAny('users', command.users);
  const scope = draft.textIfAny('scope', command.scope);
  if (users === undefined && scope === undefined) draft.object('', 'give users, scope, or both');
  return [{ type: 'affected', at, by, users, scope }];
}

/** Query values stay: without them, many links to a meeting lead nowhere. */
export function openWarRoom(draft: Draft, command: CommandOf<'war-room'>): Changes {
  const { at, by } = draft;
  const url = parsedUrl(command.url.trim());
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    draft.object('url', 'is no link: write one such as https://meet.example.com/db-outage');
    return [];
  }
  if (url.username !== '' || url.password !== '') {
    draft.object('url', 'has a user name or a password in it, which everybody would read: leave them out');
  }
  return [{ type: 'war-room', at, by, url: url.href }];
}

function parsedUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

export function contact(draft: Draft, command: CommandOf<'contacted'>): Changes {
  const { at, by, incident } = draft;
  draft.room(incident.contacted, 'records of contacts');
  const { reached } = command;
  const person = draft.person('contact', command.contact);
  return [
    { type: 'contacted', at, by, contact: person, reached, text: draft.textIfAny('text', command.text) },
  ];
}
