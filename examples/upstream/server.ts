/**
 * A price service, as other people run theirs: `GET /quotes/:id` answers with a price. It is a process of its own, so
 * that it can be killed. Its parent tells it how to behave through messages, and it ends when its parent does.
 */
import { createServer, type ServerResponse } from 'node:http';
import { isUpstreamMode, type UpstreamMode, type UpstreamReady } from './protocol.ts';

const RETRY_AFTER_SECONDS = 2;

let mode: UpstreamMode = 'healthy';
let held: (() => void)[] = [];

const server = createServer((request, response) => {
  const id = /^\/quotes\/(\d{1,9})$/.exec(request.url ?? '')?.[1];
  if (mode === 'hanging') held.push(() => answer(response, id));
  else answer(response, id);
});

function answer(response: ServerResponse, id: string | undefined): void {
  if (mode === 'unavailable') {
    response.writeHead(503, { 'retry-after': String(RETRY_AFTER_SECONDS) }).end();
  } else if (id === undefined) {
    response.writeHead(404).end();
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: Number(id), cents: 500 + ((Number(id) * 7919) % 20_000) }));
  }
}

process.on('message', (message) => {
  if (!isUpstreamMode(message)) return;
  mode = message;
  if (mode === 'hanging') return;
  for (const release of held) release();
  held = [];
});
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches every process there; this one ends when its parent says so.
process.on('SIGINT', () => {});

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The upstream has no port.');
  process.send?.({ port: address.port } satisfies UpstreamReady);
});
