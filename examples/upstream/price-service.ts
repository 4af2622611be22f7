import { createServer, type Server } from 'node:http';

/** The example's upstream in this process: `GET /quotes/:id` answers with a price, or 503 while it is overloaded. */
export class PriceService {
  overloaded = false;
  readonly #server: Server = createServer((request, response) => {
    const id = Number(/^\/quotes\/(\d+)$/.exec(request.url ?? '')?.[1]);
    if (this.overloaded) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ id, cents: 100 * id }));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
