import { cutEscaped, plain } from '../safe-text.ts';

/** What Slack takes, in characters: https://docs.slack.dev/reference/block-kit/blocks */
const limits = {
  header: 150,
  section: 3_000,
  field: 2_000,
  fields: 10,
  contextElements: 10,
  fallback: 3_000,
};

export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: false;
}

/** Text in Slack's markup; `verbatim` keeps Slack from making links and mentions of what looks like some. */
export interface Markup {
  readonly type: 'mrkdwn';
  readonly text: string;
  readonly verbatim: true;
}

/** The blocks that are used here. */
export type Block =
  | { readonly type: 'header'; readonly block_id?: string; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: PlainText | Markup }
  | { readonly type: 'section'; readonly fields: readonly PlainText[] }
  | { readonly type: 'context'; readonly elements: readonly PlainText[] };

/** `id` is the message's own, by which the same message sent twice can be told. */
export function header(text: string, id: string): Block {
  return { type: 'header', block_id: plain(id, 255), text: plainText(text, limits.header) };
}

export function section(text: string): Block {
  return { type: 'section', text: plainText(text, limits.section) };
}

/** As many sections as the fields need. */
export function fieldSections(fields: readonly (readonly [label: string, text: string])[]): readonly Block[] {
  const texts = fields.map(([label, text]) => plainText(`${label}: ${text}`, limits.field));
  const count = Math.ceil(texts.length / limits.fields);
  return Array.from({ length: count }, (_, nth) => ({
    type: 'section',
    fields: texts.slice(nth * limits.fields, (nth + 1) * limits.fields),
  }));
}

export function context(texts: readonly string[]): Block {
  const shown = texts.slice(0, limits.contextElements);
  return { type: 'context', elements: shown.map((text) => plainText(text, limits.field)) };
}

/** Whom to mention; `mention` is Slack's own markup. */
export function mentionSection(mention: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text: mention, verbatim: true } };
}

/** Links with labels of ours; `href` is an http or https URL. */
export function linkSection(links: readonly { readonly label: string; readonly href: string }[]): Block {
  const shown: string[] = [];
  let length = 0;
  for (const { label, href } of links) {
    const link = `<${escapeMarkup(href.replaceAll('|', '%7C'))}|${escapeMarkup(label)}>`;
    length += link.length + 3;
    if (length <= limits.section) shown.push(link);
  }
  return { type: 'section', text: { type: 'mrkdwn', text: shown.join(' - '), verbatim: true } };
}

/** What is shown where blocks are not, in notifications above all. */
export function fallbackText(text: string): string {
  return cutEscaped(plain(text, limits.fallback), limits.fallback, escapeCharacter);
}

/** Text without formatting: nothing in it is a link, a mention or an emoji. */
function plainText(text: string, maxLength: number): PlainText {
  const shown = cutEscaped(plain(text, maxLength), maxLength, escapeCharacter);
  // Slack takes no empty text.
  return { type: 'plain_text', text: shown === '' ? '-' : shown, emoji: false };
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>]/g, escapeCharacter);
}

/** The three characters that mean something to Slack: https://docs.slack.dev/messaging/formatting-message-text */
function escapeCharacter(character: string): string {
  return escapes[character] ?? character;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
