import { wallNow } from '../../../core/clock.ts';
import { parseOptions } from '../../../core/options.ts';
import { post } from '../../http/post.ts';
import type { Sink, SinkContext } from '../../sink.ts';
import { type WebhookSinkOptions, webhookSinkSchema } from './options.ts';
import { bodyOf } from './payload.ts';
import { signatureHeaders, signingKey } from './signature.ts';
import { sloPayloadOf } from './slo-payload.ts';

/**
 * Posts each notification and each announcement as a signed webhook, after Standard Webhooks 1.0.0
 * (https://www.standardwebhooks.com): `webhook-id` is the same on each try, `webhook-timestamp` is the try's own, and
 * `webhook-signature` has one `v1` signature per secret. Bodies about incidents stay below 20 kB. After HTTP 410 it is used no further.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function webhookSink(options: WebhookSinkOptions): Sink {
  const schema = webhookSinkSchema(options?.allowInsecure === true);
  const checked = parseOptions(schema, options, '', 'Options of webhookSink()');
  const { name, url: endpoint, fetch } = checked;
  const keys = checked.secret.flatMap((secret) => signingKey(secret) ?? []);
  const headers: Readonly<Record<string, string>> = {
    ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
    ...checked.headers,
    'content-type': 'application/json',
  };
  const postSigned = (id: string, body: string, { signal }: SinkContext) => {
    const signed = signatureHeaders(keys, id, wallNow(), body);
    return post({ href: endpoint.href, headers: { ...headers, ...signed }, body, signal, fetch });
  };
  return {
    name,
    send: (notification, context) => postSigned(notification.id, bodyOf(notification), context),
    announce: (announcement, context) =>
      postSigned(announcement.id, JSON.stringify(sloPayloadOf(announcement)), context),
  };
}
