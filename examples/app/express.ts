import type { Breakwater } from 'breakwater';
import { breakwaterErrorHandler, breakwaterRouter } from 'breakwater/express';
import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import type { Logger } from 'pino';
import { readId, type Services } from './services.ts';

/** The handlers on Express. */
export function expressApplication(
  breakwater: Breakwater,
  services: Services,
  twins: Services,
  logger: Logger,
): Express {
  const application = express();
  application.disable('x-powered-by');
  // Answers /metrics, /healthz and /readyz.
  application.use(breakwaterRouter(breakwater));
  application.use(routes(services));
  application.use('/unprotected', routes(twins));
  // An open circuit is 503 with Retry-After, a timeout 504; all other errors go on to the next handler.
  application.use(breakwaterErrorHandler());
  application.use(answerErrors(logger));
  return application;
}

function routes({ findUser, findQuote }: Services): Router {
  const router = express.Router();
  router.get('/users/:id', async (request, response) => {
    const id = readId(request.params.id);
    const user = id === undefined ? undefined : await findUser(id);
    if (user === undefined) response.sendStatus(404);
    else response.json(user);
  });
  router.get('/quotes/:id', async (request, response) => {
    const id = readId(request.params.id);
    const quote = id === undefined ? undefined : await findQuote(id);
    if (quote === undefined) response.sendStatus(404);
    else response.json(quote);
  });
  return router;
}

function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    logger.warn({ error: error instanceof Error ? error.name : typeof error }, 'A request failed.');
    response.status(500).json({ error: 'internal error' });
  };
}
