/** What a response is made from. */
export interface ResponseFacts {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: Response['type'];
}

type Body = Response['body'] | Uint8Array;

/** Statuses whose responses have no body, so that none may be given (Fetch Standard, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** A response like the one that `facts` come from, with another body. */
export function responseWith(body: Body, facts: ResponseFacts): Response {
  const { status, statusText, headers } = facts;
  const ownBody = NULL_BODY_STATUSES.has(status) ? null : body;
  return looksLike(new Response(ownBody, { status, statusText, headers }), facts);
}

/** Whether `value` is a response, of whatever implementation of `fetch`. */
export function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    typeof value.status === 'number' &&
    'headers' in value &&
    typeof value.headers === 'object' &&
    value.headers !== null &&
    'get' in value.headers &&
    typeof value.headers.get === 'function'
  );
}

/** Gives a response what only `fetch` can give otherwise, and its clones too. */
function looksLike(response: Response, facts: ResponseFacts): Response {
  const { url, redirected, type } = facts;
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: () => looksLike(Response.prototype.clone.call(response), facts) },
  });
}
