import { AsyncResource } from 'node:async_hooks';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { OperationContext } from '../core/attempt.ts';
import { InvalidOptionsError, withoutStack } from '../core/errors.ts';
import { options, parseOptions, shown } from '../core/options.ts';
import type { Policy } from '../core/policy.ts';
import type { AttemptResult, Verdict } from '../core/verdict.ts';
import { answerOf, type WebAnswer } from './answers.ts';
import { isOutOfTime } from './deadline.ts';
import type { Exchange, ExchangeEnd, ExchangeWatcher } from './exchange.ts';

/** The application's answer was a server error. What `classify` of a guard's policy sees for a 5xx. */
export class ServerAnswerError extends Error {
  /** The status code of the answer, 500 or more. */
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`The answer was ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trimEnd());
    this.statusCode = statusCode;
  }

  override get name(): string {
    return 'ServerAnswerError';
  }
}

/** Layers that a guard cannot have, and why. */
const unfit: ReadonlyMap<string, string> = new Map([
  ['retry', 'an HTTP exchange cannot be run again: repeat the calls within the handler instead'],
  ['hedge', 'an HTTP exchange cannot be run twice: hedge the calls within the handler instead'],
  ['failover', 'an HTTP exchange has no other endpoint: fail over within the handler instead'],
  ['cache-fallback', 'a guard has no value to remember: cache the calls within the handler instead'],
  ['fallback', 'a guard has no value to replace: fall back within the handler instead'],
]);

const policySchema = z.custom<Policy>(
  (value) => typeof value === 'object' && value !== null && 'layers' in value && 'wrapWithContext' in value,
  {
    error: (issue) =>
      `must be a policy, as breakwater.policy() and breakwater.get() give, not ${shown(issue.input)}`,
  },
);

/** One passage of an exchange through a guard. An integration says how its framework goes on and answers. */
export abstract class GuardedRun implements ExchangeWatcher {
  readonly exchange: Exchange;
  #context: OperationContext | undefined = undefined;
  #resolve: ((end: ExchangeEnd) => void) | undefined = undefined;
  #reject: ((error: unknown) => void) | undefined = undefined;
  #caller: AsyncResource | undefined = undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Lets the framework go on to the handler, or to its error handlers with `error`. */
  protected abstract proceed(error?: unknown): void;

  /** Answers a request that no handler has seen. */
  protected abstract refuse(answer: WebAnswer): void;

  /** Answers in the place of a handler that still runs. */
  protected abstract takeOver(answer: WebAnswer): void;

  /** The operation: the rest of the exchange. */
  begin(context: OperationContext): Promise<ExchangeEnd> {
    this.#context = context;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { over } = this.exchange;
      this.exchange.watch(this);
      if (over) return;
      if (this.#caller === undefined) this.proceed();
      else this.#caller.runInAsyncScope(() => this.proceed());
    });
  }

  /** Keeps the caller's asynchronous context for a run that has to wait for its turn. */
  started(): void {
    if (this.#context === undefined) this.#caller = new AsyncResource('breakwater.guard');
  }

  /** The policy gave no value: it turned the request away, gave up, or tells of a failed answer that has gone out. */
  failed(error: unknown): void {
    if (this.exchange.over) return;
    const answer = answerOf(error, isOutOfTime(this.exchange.request));
    if (answer === undefined) {
      this.proceed(error);
      return;
    }
    try {
      if (this.#context === undefined) {
        this.exchange.answeredByUs();
        this.refuse(answer);
      } else this.exchange.giveUp(error, answer, (given) => this.takeOver(given));
    } catch {
      // What middleware has made of the response cannot carry an answer.
      this.exchange.response.destroy();
    }
  }

  remainingMs(): number {
    return this.#context?.remainingMs() ?? Number.POSITIVE_INFINITY;
  }

  ended(end: ExchangeEnd): void {
    if (end.answeredBy === 'application' && end.statusCode >= 500) {
      this.#reject?.(withoutStack(() => new ServerAnswerError(end.statusCode)));
    } else this.#resolve?.(end);
  }

  broken(error: unknown): void {
    this.#reject?.(error);
  }
}

/**
 * Puts exchanges behind `policy`: what is given back takes each run through it.
 *
 * @throws {InvalidOptionsError} when it is no policy, or has a layer that a guard cannot have
 */
export function guardWith(policy: Policy): (run: GuardedRun) => void {
  checkPolicy(policy);
  const start = policy.wrapWithContext((context, run: GuardedRun) => run.begin(context), {
    classify: verdictOnExchange,
  });
  return (run) => {
    start(run).catch((error: unknown) => run.failed(error));
    run.started();
  };
}

function checkPolicy(given: unknown): void {
  const { policy } = parseOptions(
    options({ policy: policySchema }),
    { policy: given },
    '',
    'The argument of guard()',
  );
  const problems = policy.layers.flatMap((kind) => {
    const reason = unfit.get(kind);
    return reason === undefined ? [] : [{ path: 'policy', message: `has a ${kind} layer, but ${reason}` }];
  });
  if (problems.length === 0) return;
  throw new InvalidOptionsError(policy.name, `Policy '${policy.name}' cannot be used for a guard`, problems);
}

/** What an exchange means for the policy where its own `classify` does not say. */
function verdictOnExchange(result: AttemptResult): Verdict | undefined {
  if (!result.ok || !isExchangeEnd(result.value)) return undefined;
  if (result.value.answeredBy !== 'application') return 'ignored';
  return result.value.statusCode >= 400 ? 'refused' : 'success';
}

function isExchangeEnd(value: unknown): value is ExchangeEnd {
  return typeof value === 'object' && value !== null && 'answeredBy' in value;
}
