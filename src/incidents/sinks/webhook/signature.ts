import { createHmac } from 'node:crypto';

const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** The key that a `whsec_` secret stands for; `undefined` where it is none of 24 to 64 bytes. */
export function signingKey(secret: unknown): Buffer | undefined {
  const encoded = typeof secret === 'string' ? SECRET.exec(secret)?.[1] : undefined;
  if (encoded === undefined) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

/**
 * The headers that prove who sent `body`, after Standard Webhooks 1.0.0: an HMAC-SHA256 over id, time and body with
 * each key.
 *
 * @param id the message's id, without a full stop
 * @param at when this try is made, in milliseconds since the epoch
 */
export function signatureHeaders(
  keys: readonly Buffer[],
  id: string,
  at: number,
  body: string,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
