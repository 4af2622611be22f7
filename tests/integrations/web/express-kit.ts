import { createRequire } from 'node:module';
import express5, { type ErrorRequestHandler } from 'express';
import {
  breakwaterErrorHandler,
  breakwaterRouter,
  guard,
  guardContext,
} from '../../../src/integrations/express/index.ts';
import type { WebKit } from './kit.ts';
import { listen } from './listen.ts';

/** Express 4, which has no types of its own here. */
const express4: typeof express5 = createRequire(import.meta.url)('express4');

export const expressVersions = [
  { name: 'Express 5', express: express5, catchesRejections: true },
  { name: 'Express 4', express: express4, catchesRejections: false },
] as const;

export const expressKits: readonly WebKit[] = expressVersions.map(({ name, express, catchesRejections }) => ({
  name,
  guard,
  serve({ breakwater, routes = [], handleErrors = true, onError }) {
    const app = express();
    app.set('env', 'test');
    app.use(breakwaterRouter(breakwater));
    for (const { path, policies, handler } of routes) {
      app.get(path, ...policies.map((policy) => guard(policy)), (request, response, next) => {
        const result = handler({
          request,
          response,
          context: guardContext(request),
          setHeader: (header, value) => response.set(header, value),
          json: (status, document) => response.status(status).json(document),
        });
        if (catchesRejections) return result;
        Promise.resolve(result).catch(next);
        return undefined;
      });
    }
    if (handleErrors) app.use(breakwaterErrorHandler());
    if (onError !== undefined) {
      const own: ErrorRequestHandler = (error, _request, response, next) => {
        if (response.headersSent) next(error);
        else response.status(onError(error)).json({ own: true });
      };
      app.use(own);
    }
    return listen(app);
  },
}));
