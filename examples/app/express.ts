import type { Breakwater } from 'breakwater';
import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import type { Logger } from 'pino';
import type { Services } from './services.ts';

/** The handlers on Express. */
export function expressApplication(
  breakwater: Breakwater,
  services: Services,
  twins: Services,
  logger: Logger,
): Express {
  const application = express();
  application.disable('x-powered-by');
  application.get('/metrics', async (_request, response) => {
    response.type(breakwater.registry.contentType).send(await breakwater.registry.metrics());
  });
  application.use(routes(services));
  application.use('/unprotected', routes(twins));
  application.use(answerErrors(logger));
  return application;
}

function routes({ findUser, findQuote }: Services): Router {
  const router = express.Router();
  router.get('/users/:id', async (request, response) => {
    const user = await findUser(Number(request.params.id));
    if (user === undefined) response.sendStatus(404);
    else response.json(user);
  });
  router.get('/quotes/:id', async (request, response) => {
    const quote = await findQuote(Number(request.params.id));
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
