import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { remainingDeadlineMs } from '../core/ambient-deadline.ts';
import { isBreakwaterError, isRejection } from '../core/errors.ts';
import { inSlices } from '../metrics/slices.ts';

/** A whole HTTP answer. Header names are in lower case. */
export interface WebAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The header with which a server says whether to ask again. SDKs made by Stainless, those of OpenAI and Anthropic among
 * them, heed it too.
 */
const SHOULD_RETRY = 'x-should-retry';

/** What describes the body that an answer replaces, and would be wrong about the answer's own. */
export const representationHeaders = [
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'accept-ranges',
  'etag',
  'expires',
  'last-modified',
  'trailer',
  'transfer-encoding',
] as const;

/**
 * The HTTP answer to an error of this library; `undefined` for every other error, and for `InvalidOptionsError`,
 * which is a bug of the application and no answer to its caller.
 *
 * An open circuit, a limit, a wait for a place that took too long and a closed policy give 503 with Retry-After in whole
 * seconds, at least 1 (RFC 9110, sections 10.2.3 and 15.6.4): nothing was asked, and another try later may do. It is not
 * 429, which blames the caller (RFC 6585, section 4), while these limits are ours for all callers together. Any other
 * timeout gives 504. The body has the code and nothing of the policy.
 *
 * What a policy turned away, and what ran out of the deadline in force, is marked with `x-should-retry: false`: the
 * overload lies deeper than this service, or its caller has no time left, so that whoever asked again would only add to
 * it ("Handling Overload", Google SRE Book, chapter 21).
 */
export function answerTo(error: unknown): WebAnswer | undefined {
  return answerOf(error, isRejection(error) || remainingDeadlineMs() === 0);
}

/** The same, with the mark where `isFinal`. A guard's own rejection has none: another replica may have room. */
export function answerOf(error: unknown, isFinal: boolean): WebAnswer | undefined {
  if (!isBreakwaterError(error)) return undefined;
  const mark = isFinal ? { [SHOULD_RETRY]: 'false' } : {};
  if (isRejection(error) || error.code === 'CLOSED') {
    return errorAnswer(503, error.code, { 'retry-after': retryAfterSeconds(error), ...mark });
  }
  return error.code === 'TIMEOUT' ? errorAnswer(504, error.code, mark) : undefined;
}

/** A whole HTTP answer whose body is too long to be handed over at one go. */
export interface LongWebAnswer extends Omit<WebAnswer, 'body'> {
  /** In parts, to be sent one after the other as fast as the client takes them. */
  readonly body: readonly Uint8Array[];
}

/** Sends `answer` in place of whatever was being prepared on `response`, whose headers are not sent yet. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: WebAnswer): void {
  setHead(request, response, answer);
  response.setHeader('content-length', Buffer.byteLength(answer.body));
  response.end(answer.body);
}

/** Sends `answer` as `sendAnswer` does, part by part. Its headers tell the length. */
export function sendLongAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: LongWebAnswer,
): void {
  setHead(request, response, answer);
  if (request.method === 'HEAD') response.end();
  // Only the client's going away can end it early, and then nobody is left to be told.
  else pipeline(bodyStream(answer), response, () => {});
}

/** Its body as a stream. Handing megabytes to a socket takes time too, so it goes in slices. */
export function bodyStream({ body }: LongWebAnswer): Readable {
  return Readable.from(inSlices(body));
}

function setHead(
  request: IncomingMessage,
  response: ServerResponse,
  { statusCode, headers }: Pick<WebAnswer, 'statusCode' | 'headers'>,
): void {
  for (const name of representationHeaders) response.removeHeader(name);
  response.statusCode = statusCode;
  // Node fills in the standard text; HTTP/2 has none and warns.
  if (request.httpVersionMajor < 2) response.statusMessage = '';
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** An answer that no cache keeps, with `document` as its JSON body. */
export function jsonAnswer(
  statusCode: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): WebAnswer {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(document),
  };
}

function errorAnswer(statusCode: number, code: string, headers: Readonly<Record<string, string>>): WebAnswer {
  return jsonAnswer(statusCode, { error: STATUS_CODES[statusCode], code }, headers);
}

function retryAfterSeconds(error: object): string {
  const ms = 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 0;
  return String(Number.isFinite(ms) ? Math.max(1, Math.ceil(ms / 1000)) : 1);
}
