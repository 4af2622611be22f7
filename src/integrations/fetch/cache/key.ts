import { createHash } from 'node:crypto';
import type { OutgoingRequest } from '../request.ts';
import { isCredential } from './rules.ts';

/** A request as the cache knows it: what it asks for, and each header that an answer might depend on. */
export interface RequestKey {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How the keys of calls begin. */
const KEY_BEGINNING = '{"target":';

/**
 * The key of a call. It holds every header, since which of them matter is known only once a response has said so, and
 * so that calls with different headers never share a run. Well-known credentials are in it nowhere: without a key of
 * the caller's own there are none, and with one it speaks for them.
 */
export function callKey(target: string, { headers }: OutgoingRequest): string {
  const values = [...headers].filter(([name]) => !isCredential(name));
  return JSON.stringify({ target, headers: Object.fromEntries(values) } satisfies RequestKey);
}

/** Reads a key that `callKey` made, whatever has been put before it. */
export function readCallKey(key: string): RequestKey {
  const { target, headers }: RequestKey = JSON.parse(key.slice(Math.max(0, key.indexOf(KEY_BEGINNING))));
  return { target, headers };
}

/**
 * The key that a response is stored under: what was asked for, and the values of the headers that `vary` names. The
 * values are hashed, since a header may hold a secret that has no place in a store.
 */
export function storeKey({ target, headers }: RequestKey, vary: readonly string[]): string {
  if (vary.length === 0) return target;
  const values = vary.map((name) => [name, Object.hasOwn(headers, name) ? headers[name] : null]);
  return `${target} ${createHash('sha256').update(JSON.stringify(values)).digest('base64url')}`;
}
