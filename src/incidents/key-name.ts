import { createHash } from 'node:crypto';
import { redact } from './redact.ts';

/** How incidents name the keys of circuits. */
export const keyNamings = ['text', 'hash'] as const;
/**
 * How incidents name the keys of circuits: `text`, as they are but redacted and cut; `hash`, by the first eight
 * hexadecimal digits of their SHA-256.
 */
export type KeyNaming = (typeof keyNamings)[number];

/** A key as it may leave the process. */
export type NameKey = (key: string) => string;

/** A key comes from a request: what of it people see, in characters. */
const MAX_KEY_LENGTH = 60;

const HASH_DIGITS = 8;

/** The key, redacted, and cut where it is long. */
export function shownKey(key: string): string {
  return redact(key, MAX_KEY_LENGTH);
}

function hashedKey(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex').slice(0, HASH_DIGITS)}`;
}

export function keyNamer(naming: KeyNaming): NameKey {
  return naming === 'hash' ? hashedKey : shownKey;
}
