import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RouteOptions,
} from 'fastify';
import { fastifyPlugin } from 'fastify-plugin';
import { z } from 'zod';
import type { Breakwater } from '../../breakwater.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import { flag, options, parseOptions, shown } from '../../core/options.ts';
import type { Policy } from '../../core/policy.ts';
import type { DeadlineOptions } from '../../web/deadline.ts';
import { healthAnswer, metricsAnswer, readinessAnswer } from '../../web/documents.ts';
import { checkDistinctPaths, type EndpointOptions, endpointShape, hub } from '../../web/options.ts';
import { deadline } from './deadline.ts';
import { breakwaterErrorHandler } from './error-handler.ts';
import { type GuardHook, guard } from './guard.ts';
import { reply, replyLong } from './reply.ts';

/** Options of `breakwaterPlugin`. */
export interface BreakwaterPluginOptions extends EndpointOptions {
  /** The hub whose policies routes name, and which the endpoints show. */
  readonly breakwater: Breakwater;
  /**
   * Whether this library's errors are answered with 503 and 504 on routes that have no error handler of their own.
   * All other errors go to the scope's error handler as ever. Default true.
   */
  readonly handleErrors?: boolean | undefined;
  /** Gives each request the time that its caller has left, by its header. Default: no header is heeded. */
  readonly deadline?: DeadlineOptions<FastifyRequest> | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The hub that `breakwaterPlugin` was registered with. */
    breakwater: Breakwater;
  }

  interface FastifyContextConfig {
    /** The policy, or its name, that guards the route's handler. */
    breakwater?: Policy | string | undefined;
  }
}

const pluginSchema = options({
  ...endpointShape,
  breakwater: hub,
  handleErrors: flag.default(true),
  // Checked where the hook is made.
  deadline: z.custom<DeadlineOptions<FastifyRequest>>().optional(),
}).check(checkDistinctPaths);

const plugin: FastifyPluginAsync<BreakwaterPluginOptions> = async (app, given) => {
  const settings = parseOptions(pluginSchema, given, '', 'Options of breakwaterPlugin');
  const { breakwater, handleErrors } = settings;
  const guards = new WeakMap<Policy, GuardHook>();
  const errorHandler = breakwaterErrorHandler();
  if (settings.deadline !== undefined) app.addHook('onRequest', deadline(settings.deadline));

  app.decorate('breakwater', breakwater);
  app.addHook('onRoute', (route) => {
    if (handleErrors) route.errorHandler ??= errorHandler;
    const policy = guardedBy(route, breakwater);
    if (policy === undefined) return;
    const hook = guards.get(policy) ?? guard(policy);
    guards.set(policy, hook);
    route.preHandler = [route.preHandler ?? [], hook].flat();
  });
  addEndpoint(app, settings.metricsPath, async (to) => replyLong(to, await metricsAnswer(breakwater)));
  addEndpoint(app, settings.healthPath, (to) => reply(to, healthAnswer()));
  addEndpoint(app, settings.readinessPath, (to) => reply(to, readinessAnswer(breakwater)));
};

/**
 * The plugin: `await app.register(breakwaterPlugin, { breakwater })`, before the routes that are to have a guard.
 *
 * It reaches into the scope that it is registered in, and so into the scopes within that one, and no further:
 * - `app.breakwater` is the hub;
 * - a route with `{ config: { breakwater: policy } }`, or the policy's name, has its handler behind `guard(policy)`,
 *   after all other `preHandler` hooks, so that those who are not let in use up no probe;
 * - with `deadline`, no policy call of a request waits longer than the request's caller, as its header says;
 * - `breakwaterErrorHandler()` is on every route without an error handler of its own;
 * - GET and HEAD of `/metrics`, `/healthz` and `/readyz` are answered.
 *
 * @throws {InvalidOptionsError} as the rejection of `register`, when an option is wrong; from a route's declaration,
 *   when its policy is unknown or cannot be used for a guard
 */
export const breakwaterPlugin = fastifyPlugin(plugin, { fastify: '5.x', name: 'breakwater' });

function guardedBy({ config, url }: RouteOptions, breakwater: Breakwater): Policy | undefined {
  const named: unknown = config?.breakwater;
  if (named === undefined) return undefined;
  if (typeof named === 'string') return breakwater.get(named);
  if (config?.breakwater !== undefined && typeof config.breakwater === 'object') return config.breakwater;
  const message = `must be a policy or a policy's name, not ${shown(named)}`;
  throw new InvalidOptionsError('', `The options of route ${url} cannot be used`, [
    { path: 'config.breakwater', message },
  ]);
}

function addEndpoint(
  app: FastifyInstance,
  path: string | false,
  answer: (to: FastifyReply) => FastifyReply | Promise<FastifyReply>,
): void {
  if (path === false) return;
  app.get(path, async (_request, to) => answer(to));
}
