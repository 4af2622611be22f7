/** breakwater for Express 5 and 4, and whatever else takes `(request, response, next)`. */

export { answerTo, type WebAnswer } from '../../web/answers.ts';
export type { DeadlineOptions } from '../../web/deadline.ts';
export type { PolicyReadiness, ReadinessDocument } from '../../web/documents.ts';
export { type ExchangeEnd, type GuardContext, guardContext } from '../../web/exchange.ts';
export { ServerAnswerError } from '../../web/guard.ts';
export type { EndpointOptions } from '../../web/options.ts';
export { deadline } from './deadline.ts';
export { breakwaterRouter, healthHandler, metricsHandler, readinessHandler } from './endpoints.ts';
export { breakwaterErrorHandler, type ErrorMiddleware } from './error-handler.ts';
export { guard, type Middleware, type Next } from './guard.ts';
