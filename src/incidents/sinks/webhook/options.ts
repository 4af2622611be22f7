import { z } from 'zod';
import { flag, options } from '../../../core/options.ts';
import { endpointOption, fetchOption, headersOption } from '../../http/options.ts';
import { sinkName } from '../sink-name.ts';
import { signingKey } from './signature.ts';

/** Options of `webhookSink()`. */
export interface WebhookSinkOptions {
  /**
   * Where to post to: an https URL, or a loopback one. Credentials in it become an Authorization header. Neither
   * they nor the query are ever logged.
   */
  readonly url: string | URL;
  /**
   * What to sign with: `whsec_` and 24 to 64 random bytes in base64. With several, at most 10, each signs, so that
   * a secret can be replaced while the receiver still knows the old one.
   */
  readonly secret: string | readonly string[];
  /** Headers to send as well. `content-*`, `host` and `webhook-*` are not to be set. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Lets a plain http URL be used that is not a loopback one. Default false. */
  readonly allowInsecure?: boolean | undefined;
  /** What to post with. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The sink's name. Default `webhook`. */
  readonly name?: string | undefined;
}

const RESERVED_HEADER = /^(webhook-.*|content-.*|host|transfer-encoding|connection)$/i;

const secret = z.custom<string>((value) => signingKey(value) !== undefined, {
  error: "must be 'whsec_' followed by 24 to 64 bytes in base64",
});

const secrets = z.preprocess(
  (value) => (Array.isArray(value) ? value : [value]),
  z
    .array(secret)
    .min(1, { error: 'must be at least one secret' })
    .max(10, { error: 'must be at most 10 secrets' }),
);

/** Checks `WebhookSinkOptions`, given what they say of `allowInsecure`: then all that is wrong is told at once. */
export function webhookSinkSchema(allowInsecure: boolean) {
  return options({
    url: endpointOption(allowInsecure),
    secret: secrets,
    headers: headersOption(RESERVED_HEADER).optional(),
    allowInsecure: flag.default(false),
    fetch: fetchOption.optional(),
    name: sinkName.default('webhook'),
  });
}
