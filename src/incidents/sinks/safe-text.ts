import { createHash } from 'node:crypto';
import { truncate } from '../redact.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** What turns the direction of text around or is not seen at all. Joiners stay: scripts and emoji need them. */
const DECEPTIVE =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Text from outside as it may stand in a message to people: on one line, without control characters, without what hides
 * or turns around text, and well-formed. Cut visibly where it is longer than `maxLength`.
 */
export function plain(text: string, maxLength = 500): string {
  // What is far too long need not be looked at whole.
  const near = text.length > maxLength * 4 ? text.slice(0, maxLength * 4) : text;
  const clean = near
    .replace(CONTROL_CHARACTERS, ' ')
    .replace(DECEPTIVE, '')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
  return truncate(near === text ? clean : `${clean}...`, maxLength);
}

/** `text` in pieces that `escaped` makes of its characters, cut visibly to `maxLength`, with no piece cut in two. */
export function cutEscaped(text: string, maxLength: number, escaped: (character: string) => string): string {
  const pieces = [...text].map(escaped);
  if (lengthOf(pieces) <= maxLength) return pieces.join('');
  let kept = '';
  for (const piece of pieces) {
    if (kept.length + piece.length > maxLength - 3) break;
    kept += piece;
  }
  return `${kept}...`;
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** A key of at most `maxLength` characters: where it is longer, its beginning and a digest of all of it. */
export function boundedKey(key: string, maxLength: number): string {
  const clean = plain(key, Number.MAX_SAFE_INTEGER);
  if (clean === key && key.length <= maxLength) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${truncate(clean, maxLength - 33)}-${digest}`;
}

/** `url` where it is one that people may open: http or https, and without credentials, which could deceive. */
export function safeLink(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, username, password, href } = new URL(url);
  const fits = (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
  return fits && href.length <= 2_000 ? href : undefined;
}
