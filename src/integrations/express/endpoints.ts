import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Breakwater } from '../../breakwater.ts';
import { options, parseOptions } from '../../core/options.ts';
import { sendAnswer, sendLongAnswer, type WebAnswer } from '../../web/answers.ts';
import { healthAnswer, metricsAnswer, readinessAnswer } from '../../web/documents.ts';
import { checkDistinctPaths, checkHub, type EndpointOptions, endpointShape } from '../../web/options.ts';
import type { Middleware, Next } from './guard.ts';

/** Answers a request to an endpoint. */
type Endpoint = (request: IncomingMessage, response: ServerResponse) => void;

const pathsSchema = options(endpointShape).check(checkDistinctPaths);

/**
 * The endpoints as one middleware: `app.use(breakwaterRouter(breakwater))`. GET and HEAD of its paths are answered,
 * all else goes on.
 *
 * @throws {InvalidOptionsError} when an argument is wrong
 */
export function breakwaterRouter(breakwater: Breakwater, given: EndpointOptions = {}): Middleware {
  checkHub(breakwater, 'breakwaterRouter()');
  const paths = parseOptions(pathsSchema, given, '', 'Options of breakwaterRouter()');
  const endpoints = new Map<unknown, Endpoint>([
    [paths.metricsPath, metricsHandler(breakwater)],
    [paths.healthPath, healthHandler()],
    [paths.readinessPath, readinessHandler(breakwater)],
  ]);
  return (request: IncomingMessage, response: ServerResponse, next: Next): void => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const endpoint = isRead ? endpoints.get(request.url?.split('?', 1)[0]) : undefined;
    if (endpoint === undefined) next();
    else endpoint(request, response);
  };
}

/**
 * Answers with all metrics of the hub's registry, in its own format; 500 when they cannot be collected.
 *
 * @throws {InvalidOptionsError} when `breakwater` is no hub
 */
export function metricsHandler(breakwater: Breakwater): Endpoint {
  const checked = checkHub(breakwater, 'metricsHandler()');
  return (request, response) => {
    void metricsAnswer(checked).then((answer) => {
      if (!response.headersSent) sendLongAnswer(request, response, answer);
    });
  };
}

/** Answers 200 while the process is alive. */
export function healthHandler(): Endpoint {
  return (request, response) => reply(request, response, healthAnswer());
}

/**
 * Answers 200 while traffic should come, else 503, with the state of each policy as JSON (`ReadinessDocument`). It
 * is 503 once the hub is closing, or while a policy with `readiness: 'required'` has an open circuit. Other open
 * circuits change nothing, or every replica would be taken out of service at once.
 *
 * @throws {InvalidOptionsError} when `breakwater` is no hub
 */
export function readinessHandler(breakwater: Breakwater): Endpoint {
  const checked = checkHub(breakwater, 'readinessHandler()');
  return (request, response) => reply(request, response, readinessAnswer(checked));
}

function reply(request: IncomingMessage, response: ServerResponse, answer: WebAnswer): void {
  if (!response.headersSent) sendAnswer(request, response, answer);
}
