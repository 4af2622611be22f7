import { createHash } from 'node:crypto';
import type { Severity } from '../../incident/severity.ts';
import { isOpen } from '../../incident/status.ts';
import type { Notification } from '../../notification.ts';
import { boundedKey, plain } from '../safe-text.ts';
import { type Fact, isBeginning, isTendedTo, type Told } from '../told.ts';
import type { OpsgeniePriority, OpsgenieResponder } from './options.ts';

/** A request to the alert API: https://docs.opsgenie.com/docs/alert-api */
export interface OpsgenieRequest {
  readonly method: 'POST' | 'PUT';
  /** What follows the base URL. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the sink's options say of every alert. */
export interface OpsgenieSender {
  readonly responders: readonly OpsgenieResponder[];
  readonly tags: readonly string[];
  readonly priorities: Readonly<Partial<Record<Severity, OpsgeniePriority>>>;
  /** Whether the priority of an alert can be changed; not in Jira Service Management's integration API. */
  readonly changesPriority: boolean;
}

/** Opsgenie's limits, in characters. */
const limits = {
  message: 130,
  alias: 512,
  description: 15_000,
  details: 8_000,
  entity: 512,
  source: 100,
  note: 25_000,
};

const defaultPriorities: Readonly<Record<Severity, OpsgeniePriority>> = {
  Critical: 'P1',
  High: 'P2',
  Medium: 'P3',
  Low: 'P4',
};

/**
 * What a notification asks for, in order. An update is a note, so that nobody is called again; while somebody works on
 * the incident it acknowledges the alert, too. One whose severity changed sets the priority first.
 */
export function requestsOf(
  notification: Notification,
  told: Told,
  sender: OpsgenieSender,
): readonly OpsgenieRequest[] {
  const { kind, incident } = notification;
  const about = `/v2/alerts/${encodeURIComponent(aliasOf(told.key))}`;
  const act = (action: string): OpsgenieRequest => ({
    method: 'POST',
    path: `${about}/${action}?identifierType=alias`,
    body: { note: plainLines(told, limits.note), source: sourceOf(notification), user: 'breakwater' },
  });
  if (kind === 'resolved') return [act('close')];
  if (isBeginning(notification)) return [createRequest(notification, told, sender)];
  if (!isOpen(incident.status)) return [act('notes')];
  const priority: OpsgenieRequest = {
    method: 'PUT',
    path: `${about}/priority?identifierType=alias`,
    body: { priority: priorityOf(notification, sender) },
  };
  const hasChanged = incident.severityHistory.some(({ from, to }) => from !== null && from !== to);
  return [
    ...(hasChanged && sender.changesPriority ? [priority] : []),
    act(isTendedTo(notification) ? 'acknowledge' : 'notes'),
  ];
}

function createRequest(notification: Notification, told: Told, sender: OpsgenieSender): OpsgenieRequest {
  const { incident, severity } = notification;
  const { responders, tags } = sender;
  return {
    method: 'POST',
    path: '/v2/alerts',
    body: {
      message: plain(told.summary, limits.message),
      alias: aliasOf(told.key),
      description: plainLines(told, limits.description),
      ...(responders.length === 0 ? {} : { responders }),
      tags: [
        ...new Set(['breakwater', severity.toLowerCase(), ...(incident.drill ? ['drill'] : []), ...tags]),
      ],
      details: detailsOf(told),
      entity: plain(incident.policy, limits.entity),
      source: sourceOf(notification),
      priority: priorityOf(notification, sender),
    },
  };
}

/**
 * The alert's alias: the incident's dedup key, with what a path would not carry safely exchanged, and then with a digest
 * where another key could become the same.
 */
export function aliasOf(key: string): string {
  const readable = key.replaceAll('/', ':').replace(/[^\w.:-]/g, '_');
  if (/^[\w.\-/]+$/.test(key)) return boundedKey(readable, limits.alias);
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${readable.slice(0, limits.alias - 33)}-${digest}`;
}

function priorityOf({ severity }: Notification, { priorities }: OpsgenieSender): OpsgeniePriority {
  return priorities[severity] ?? defaultPriorities[severity];
}

function sourceOf({ incident }: Notification): string {
  return plain(`breakwater ${incident.instance}`, limits.source);
}

/** The summary, then a line for each fact and link. HTML has a meaning to Opsgenie, so that its brackets are exchanged. */
function plainLines({ summary, facts, links }: Told, maxLength: number): string {
  const lines = [
    summary,
    ...facts.map(({ label, text }) => `${label}: ${text}`),
    ...links.map(({ label, href }) => `${label}: ${href}`),
  ];
  let text = '';
  for (const line of lines) {
    const more = `${text === '' ? '' : '\n'}${withoutTags(line)}`;
    if (text.length + more.length > maxLength - 4) return `${text}\n...`;
    text += more;
  }
  return text;
}

function withoutTags(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›');
}

/** Facts and links for as long as they fit: Opsgenie counts all names and values together. */
function detailsOf({ facts, links }: Told): Readonly<Record<string, string>> {
  const all: readonly Pick<Fact, 'key' | 'text'>[] = [
    ...links.map(({ key, href }) => ({ key, text: href })),
    ...facts,
  ];
  const details: Record<string, string> = {};
  // The names that identify it always fit.
  const identity = all.filter(
    ({ key }) => key === 'incident' || key === 'dedup_key' || key === 'notification',
  );
  let length = 0;
  for (const { key, text } of [...identity, ...all]) {
    if (key in details) continue;
    if (length + key.length + text.length > limits.details - 100) {
      details.left_out = 'More was left out here';
      break;
    }
    details[key] = text;
    length += key.length + text.length;
  }
  return details;
}
