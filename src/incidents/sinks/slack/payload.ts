import type { SloAnnouncement } from '../../announcement.ts';
import type { Notification } from '../../notification.ts';
import { isBeginning, type Told } from '../told.ts';
import {
  type Block,
  context,
  fallbackText,
  fieldSections,
  header,
  linkSection,
  mentionSection,
  section,
} from './blocks.ts';

/** The body of a message to an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export interface SlackPayload {
  /** For notifications and clients that show no blocks. */
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** Facts that end the message in small print. */
const SMALL_PRINT = new Set(['incident', 'dedup_key']);
/** Facts that other parts of the message tell. */
const ELSEWHERE = new Set(['drill', 'severity', 'kind', 'notification']);

/** The body for a notification; the same on each try. */
export function payloadOf(notification: Notification, told: Told, mention: string | undefined): SlackPayload {
  const { kind, severity, incident, id } = notification;
  const title = `${incident.drill ? 'DRILL: ' : ''}${severity} incident ${kind}: ${incident.policy}`;
  const shown = told.facts.filter(({ key }) => !ELSEWHERE.has(key) && !SMALL_PRINT.has(key));
  const isUrgent = isBeginning(notification) && (severity === 'Critical' || severity === 'High');
  return message(`${title} - ${told.summary.replace(/^DRILL: /, '')}`, [
    header(title, id),
    ...(isUrgent && mention !== undefined ? [mentionSection(mention)] : []),
    section(told.summary),
    ...fieldSections(shown.filter(({ short }) => short).map(({ label, text }) => [label, text])),
    ...shown.filter(({ short }) => !short).map(({ label, text }) => section(`${label}: ${text}`)),
    ...(told.links.length === 0 ? [] : [linkSection(told.links)]),
    context(
      told.facts.filter(({ key }) => SMALL_PRINT.has(key)).map(({ label, text }) => `${label}: ${text}`),
    ),
  ]);
}

/** The body for an announcement; the same on each try. */
export function announcementPayloadOf({ id, service, instance, event }: SloAnnouncement): SlackPayload {
  const { status, policy, summary } = event;
  const title = `${titles[status]}: ${policy}`;
  return message(`${title} - ${summary}`, [
    header(title, id),
    section(summary),
    ...fieldSections([
      ['Policy', policy],
      ['Error budget', status],
      ...(service === undefined ? [] : [['Service', service] as const]),
      ['Instance', instance],
    ]),
  ]);
}

const titles = {
  frozen: 'Releases should wait',
  thawed: 'Releases may go on',
} as const satisfies Readonly<Record<SloAnnouncement['event']['status'], string>>;

function message(text: string, blocks: readonly Block[]): SlackPayload {
  return { text: fallbackText(text), blocks, unfurl_links: false, unfurl_media: false };
}
