/** breakwater for Fastify 5. */

export { answerTo, type WebAnswer } from '../../web/answers.ts';
export type { DeadlineOptions } from '../../web/deadline.ts';
export type { PolicyReadiness, ReadinessDocument } from '../../web/documents.ts';
export type { ExchangeEnd, GuardContext } from '../../web/exchange.ts';
export { ServerAnswerError } from '../../web/guard.ts';
export type { EndpointOptions } from '../../web/options.ts';
export { type DeadlineHook, deadline } from './deadline.ts';
export { breakwaterErrorHandler, type ErrorHandler } from './error-handler.ts';
export { type GuardHook, guard, guardContext } from './guard.ts';
export { type BreakwaterPluginOptions, breakwaterPlugin } from './plugin.ts';
