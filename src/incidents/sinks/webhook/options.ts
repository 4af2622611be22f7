import { z } from 'zod';
import { callback, flag, options, shown } from '../../../core/options.ts';
import { readEndpoint } from '../../http/endpoint.ts';
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

/** An object of strings that HTTP takes as headers. Messages name a header, never its value. */
const headers = z
  .custom<Readonly<Record<string, string>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: (issue) => `must be an object of header names and values, not ${shown(issue.input)}` },
  )
  .superRefine((value, context) => {
    for (const [name, content] of Object.entries(value)) {
      const problem = headerProblem(name, content);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
    }
  })
  .transform((value) =>
    Object.fromEntries(Object.entries(value).map(([name, content]) => [name.toLowerCase(), content])),
  );

function headerProblem(name: string, content: unknown): string | undefined {
  if (RESERVED_HEADER.test(name)) return 'is set by the sink itself';
  if (typeof content !== 'string') return 'must be a string';
  try {
    new Headers([[name, content]]);
    return undefined;
  } catch {
    return 'must be a name and a value that HTTP allows';
  }
}

/** Checks `WebhookSinkOptions`, given what they say of `allowInsecure`: then all that is wrong is told at once. */
export function webhookSinkSchema(allowInsecure: boolean) {
  return options({
    url: z.unknown().transform((url, context) => {
      const endpoint = readEndpoint(url, allowInsecure);
      if (typeof endpoint !== 'string') return endpoint;
      context.addIssue({ code: 'custom', message: endpoint });
      return z.NEVER;
    }),
    secret: secrets,
    headers: headers.optional(),
    allowInsecure: flag.default(false),
    fetch: callback<typeof globalThis.fetch>().optional(),
    name: sinkName.default('webhook'),
  });
}
