import { isBreakwaterError } from '../../core/errors.ts';
import type { AttemptResult, Classify, Judgement } from '../../core/verdict.ts';
import { Committed } from './committed.ts';
import { settledJudgement } from './judgements.ts';
import { Session } from './session.ts';
import { judgeSqlState, sqlStateOf } from './sql-state.ts';

/** Codes of Node's network errors. `ENOENT` is a Unix socket that is not there. */
const networkCodes: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOENT',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What pg says of a connection that is gone or was not made; these errors have no code. */
const connectionMessages: readonly RegExp[] = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect$/,
  /^timeout expired$/,
  /^Client has encountered a connection error and is not queryable$/,
  /^Query read timeout$/,
];

/** What pg says of credentials, settings or arguments that are ours to put right. */
const ownMessages: readonly RegExp[] = [
  /^SASL/,
  /^The server does not support SSL connections$/,
  /^Cannot use a pool after calling end on the pool$/,
  /^Client was closed and is not queryable$/,
  /^Query values must be an array$/,
  /^A query must have either text or a name/,
  /^Prepared statements must be unique/,
  /^Passing a function as the first parameter to pool\.query is not supported$/,
];

/**
 * What an attempt's outcome means, by SQLSTATE and by what Node and pg say of connections; `undefined` for what
 * comes from neither.
 */
export function classifyPg(result: AttemptResult): Judgement | undefined {
  return result.ok ? undefined : judgePgError(result.error);
}

/** What an error means; see `classifyPg`. */
export function judgePgError(error: unknown): Judgement | undefined {
  // Only the callback of a transaction throws what is no object.
  if (typeof error !== 'object' || error === null) return { verdict: 'ignored' };
  return settledJudgement(error) ?? judgeByLooks(error);
}

function judgeByLooks(error: object): Judgement | undefined {
  if (isBreakwaterError(error)) return undefined;
  const sqlState = sqlStateOf(error);
  if (sqlState !== undefined) return judgeSqlState(sqlState);
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && networkCodes.has(code)) {
    return { verdict: 'transient', safeToRepeat: code === 'ECONNREFUSED' };
  }
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  if (connectionMessages.some((pattern) => pattern.test(message))) return { verdict: 'transient' };
  return ownMessages.some((pattern) => pattern.test(message)) ? { verdict: 'defect' } : undefined;
}

/**
 * The user's `classify`, asked first about statements. It is not asked about connections and committed
 * transactions, whose values are none of a query's, and cannot have repeated what must not be.
 */
export function guardClassify(classify: Classify): Classify {
  return (result) => {
    if (result.ok) {
      const own = result.value instanceof Session || result.value instanceof Committed;
      return own ? 'success' : classify(result);
    }
    const answer = classify(result);
    if (typeof answer !== 'object' || answer.safeToRepeat !== true) return answer;
    const judgement = settledJudgement(result.error);
    return judgement !== undefined && judgement.safeToRepeat !== true
      ? { ...answer, safeToRepeat: false }
      : answer;
  };
}
