import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { sendAnswer, type WebAnswer } from './answers.ts';

/** What writes to a response, changes it or ends it. Each gives what the original gives. */
const mutators = {
  setHeader: chained,
  setHeaders: chained,
  appendHeader: chained,
  writeHead: chained,
  destroy: chained,
  end: endNothing,
  write: writeNothing,
  removeHeader: nothing,
  flushHeaders: nothing,
  addTrailers: nothing,
  writeContinue: nothing,
  writeProcessing: nothing,
  writeEarlyHints: nothing,
  writeInformation: nothing,
} as const;

/**
 * Answers in the place of a handler that still runs, and swallows what that handler does to the response from then
 * on. The headers of `response` are not sent yet.
 *
 * What middleware has hung on this response's methods (compression, sessions) is passed by: it may hold back what
 * the handler wrote, or wait for the very dependency that hangs.
 */
export function takeOver(request: IncomingMessage, response: ServerResponse, answer: WebAnswer): void {
  for (const name of Object.keys(mutators)) Reflect.deleteProperty(response, name);
  // Middleware that kept the original methods may still write after the end.
  response.on('error', nothing);
  let logged = false;
  response.on('finish', () => {
    logged = true;
  });
  sendAnswer(request, response, answer);
  for (const [name, value] of Object.entries(mutators)) {
    Object.defineProperty(response, name, { value, configurable: true, writable: true });
  }
  fix(response, 'statusCode', () => answer.statusCode);
  if (request.httpVersionMajor < 2) fix(response, 'statusMessage', () => STATUS_CODES[answer.statusCode]);
  // A framework that sees a late error after the headers destroys the connection, with the answer that may still
  // be on its way and the requests that come after it. So they look unsent, except to those who log the answer
  // when it has gone out.
  fix(response, 'headersSent', () => response.writableFinished === true && !logged);
}

/** Makes a property read as `get` says and swallow what is assigned. */
function fix(response: ServerResponse, name: string, get: () => unknown): void {
  Object.defineProperty(response, name, { get, set: nothing, configurable: true });
}

function nothing(): void {}

function chained(this: unknown): unknown {
  return this;
}

function endNothing(this: unknown, ...args: readonly unknown[]): unknown {
  callBack(args);
  return this;
}

function writeNothing(...args: readonly unknown[]): boolean {
  callBack(args);
  return true;
}

/** Calls the callback among the arguments of a `write` or an `end`, as if all had gone well. */
function callBack(args: readonly unknown[]): void {
  const callback = args.find((arg) => typeof arg === 'function');
  if (typeof callback === 'function') process.nextTick(() => Reflect.apply(callback, undefined, []));
}
