import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { AmbientDeadline, ambientDeadline } from '../core/ambient-deadline.ts';
import { monotonicNow } from '../core/clock.ts';
import { durationMs, options, parseOptions, shown } from '../core/options.ts';
import { isThenable } from '../core/thenable.ts';
import { Exchange } from './exchange.ts';

/** The header that tells how long a caller waits, in whole milliseconds, where nobody names another. */
export const DEADLINE_HEADER = 'x-request-timeout-ms';

/** Options of `deadline()`. */
export interface DeadlineOptions<Request = IncomingMessage> {
  /**
   * Whose header is heeded: all requests' with `true`, or those for which the function says `true`. There is no default:
   * who may say how long this service works on a request is for its code to say. A promise is no `true`.
   */
  readonly trust: boolean | ((request: Request) => boolean);
  /** Name of the header. Default `x-request-timeout-ms`. */
  readonly header?: string | undefined;
  /**
   * The longest that a request with such a header is given, in milliseconds, whatever that says; one without has no
   * deadline. So long, too, one that has passed still holds for a handler whose client has gone, or in whose place a guard
   * has answered. Default 30 000.
   */
  readonly maxMs?: number | undefined;
}

/** The name of an HTTP header. RFC 9110, section 5.1: a token. */
export const headerName = z.custom<string>(
  (value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value),
  {
    error: (issue) => `must be the name of a header, such as '${DEADLINE_HEADER}', not ${shown(issue.input)}`,
  },
);

const deadlineSchema = options({
  trust: z.custom<boolean | ((request: never) => boolean)>(
    (value) => typeof value === 'boolean' || typeof value === 'function',
    {
      error: (issue) =>
        `must be true, false or a function that tells whose header is heeded, not ${shown(issue.input)}`,
    },
  ),
  header: headerName.default(DEADLINE_HEADER),
  maxMs: durationMs.default(30_000),
});

/** The deadline of one request. */
class RequestDeadline extends AmbientDeadline {
  /** Runs `proceed` with this deadline, or with a shorter one that was set meanwhile. */
  goOn(proceed: () => void): void {
    const current = ambientDeadline();
    if (current !== undefined && current.endsAt < this.endsAt && !this.#isAnothers(current)) proceed();
    else this.run(proceed);
  }

  /** Whether `current` is that of another request, in whose context this one finds itself. */
  #isAnothers(current: AmbientDeadline): boolean {
    for (let around: AmbientDeadline | undefined = current; around !== undefined; around = around.outer) {
      if (around instanceof RequestDeadline) return around !== this;
    }
    return false;
  }
}

/**
 * Where a request keeps its deadline, so that a middleware that it passes again, behind one that has lost the
 * asynchronous context, goes on with the same.
 */
const DEADLINE = Symbol('breakwater.deadline');

interface Carrier {
  [DEADLINE]?: { readonly deadline: RequestDeadline; readonly by: object };
}

/** How a request goes on. */
export type EnterDeadline<Request> = (
  request: Request,
  raw: IncomingMessage & Carrier,
  response: ServerResponse,
  proceed: () => void,
) => void;

/**
 * Gives requests the deadline that their header asks for, and lets each go on with it.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function deadlinesOf<Request>(given: DeadlineOptions<Request>): EnterDeadline<Request> {
  const { header, maxMs } = parseOptions(deadlineSchema, given, '', 'Options of deadline()');
  const { trust } = given;
  const name = header.toLowerCase();
  const by = {};
  return (request, raw, response, proceed) => {
    const known = raw[DEADLINE];
    if (known?.by === by) {
      known.deadline.goOn(proceed);
      return;
    }
    const timeoutMs = askedMs(raw.headers[name]);
    if (timeoutMs === undefined || !isTrusted(trust, request)) {
      proceed();
      return;
    }
    const givenMs = Math.min(timeoutMs, maxMs);
    // No request is given more than `maxMs`, so that a handler is taken for over that long after its time was up.
    const deadline = new RequestDeadline(givenMs, monotonicNow(), known?.deadline, maxMs);
    raw[DEADLINE] = { deadline, by };
    // A handler whose client has gone, or in whose place a guard has answered, may still run.
    response.once('close', () => {
      if (response.writableEnded && Exchange.of(raw)?.isLeft !== true) deadline.finish();
    });
    deadline.run(proceed);
  };
}

/** Whether the request had a deadline, and nothing is left of it. */
export function isOutOfTime(raw: object & Carrier): boolean {
  return raw[DEADLINE]?.deadline.leftAt(monotonicNow()) === 0;
}

/** Whole milliseconds and nothing else: what is not is taken for no header at all. */
function askedMs(value: string | readonly string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

function isTrusted<Request>(trust: DeadlineOptions<Request>['trust'], request: Request): boolean {
  if (typeof trust === 'boolean') return trust;
  const answer: unknown = trust(request);
  if (isThenable(answer)) Promise.resolve(answer).catch(() => {});
  return answer === true;
}
