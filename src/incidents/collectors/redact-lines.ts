import { setImmediate as turn } from 'node:timers/promises';
import { redact } from '../redact.ts';
import { REDACTED } from '../secret-values.ts';

/** The longest line that is kept whole, in characters. */
export const MAX_LINE_LENGTH = 2_000;
/** How many characters are redacted before others get their turn. */
const CHARACTERS_PER_TURN = 20_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it looks for
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const KEY_BEGINS = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const KEY_ENDS = /-----END [A-Z ]*PRIVATE KEY-----/;

/**
 * Text as it may be kept in a file: each line redacted, its indentation kept, without terminal escapes, cut visibly
 * where it is very long; private keys left out whole. It gives other work its turn in between.
 */
export async function redactLines(text: string): Promise<string> {
  const safe: string[] = [];
  let sinceTurn = 0;
  let inKey = false;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (inKey) {
      inKey = !KEY_ENDS.test(line);
    } else if (KEY_BEGINS.test(line)) {
      safe.push(REDACTED);
      inKey = !KEY_ENDS.test(line);
    } else safe.push(redactLine(line));
    sinceTurn += line.length + 1;
    if (sinceTurn < CHARACTERS_PER_TURN) continue;
    sinceTurn = 0;
    await turn();
  }
  return safe.join('\n');
}

/** The most that is looked at of a line, in characters. */
const REACH = MAX_LINE_LENGTH * 4;

/** `text` up to `length` characters, less the word that the cut falls into: half a secret is not known for one. */
export function cutAtWord(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && !/[\s",;']/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function redactLine(line: string): string {
  const plain = cutAtWord(line, REACH).replace(ESCAPES, '');
  const indentation = /^[ \t]{0,200}/.exec(plain)?.[0] ?? '';
  const cut = line.length > REACH ? ` [${line.length} characters, cut]` : '';
  return `${indentation}${redact(plain.slice(indentation.length), MAX_LINE_LENGTH)}${cut}`;
}
