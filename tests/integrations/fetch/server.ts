import http from 'node:http';
import { Registry } from 'prom-client';
import { type Breakwater, type BreakwaterOptions, createBreakwater } from '../../../src/index.ts';
import { type ResilientFetchOptions, resilientFetch } from '../../../src/integrations/fetch/index.ts';

/** A real server on a free port, that counts what reaches it. */
export interface TestServer {
  readonly origin: string;
  /** Every request so far, as `METHOD path`. */
  readonly requests: string[];
  readonly bodies: string[];
  connections: number;
  /** Connections that are open now. Node's fetch opens a new one, in advance, for each that it had to break off. */
  readonly open: Set<unknown>;
  /** Answers that have neither come to their end nor lost their connection. */
  readonly underWay: Set<unknown>;
  handler: http.RequestListener;
}

const closers: (() => Promise<unknown>)[] = [];

/** Closes what the test has started, the youngest first. For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export async function startServer(handler: http.RequestListener): Promise<TestServer> {
  const listener = http.createServer((request, response) => {
    server.requests.push(`${request.method} ${request.url}`);
    server.underWay.add(response);
    response.on('close', () => server.underWay.delete(response));
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      server.bodies.push(body);
      server.handler(request, response);
    });
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const server: TestServer = {
    origin: `http://127.0.0.1:${port}`,
    requests: [],
    bodies: [],
    connections: 0,
    open: new Set(),
    underWay: new Set(),
    handler,
  };
  listener.on('connection', (socket) => {
    server.connections += 1;
    server.open.add(socket);
    socket.on('close', () => server.open.delete(socket));
  });
  closers.push(() => {
    listener.closeAllConnections();
    return new Promise((resolve) => listener.close(resolve));
  });
  return server;
}

/** A port that nobody listens on. */
export async function deadOrigin(): Promise<string> {
  const server = http.createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function makeHub(defaults: BreakwaterOptions['defaults'] = {}): Breakwater {
  const hub = createBreakwater({ registry: new Registry(), logger: quiet, incidents: false, defaults });
  closers.push(() => hub.close());
  return hub;
}

/** A resilient fetch on a hub of its own, with quick retries. */
export function makeFetch(options: ResilientFetchOptions = {}): { hub: Breakwater; fetch: typeof fetch } {
  const hub = makeHub();
  return { hub, fetch: resilientFetch(hub, { retry: { baseDelayMs: 1, maxRetries: 2 }, ...options }) };
}
