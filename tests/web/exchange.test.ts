import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { Exchange } from '../../src/web/exchange.ts';

function met(): {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly watcher: {
    ended: ReturnType<typeof vi.fn>;
    broken: ReturnType<typeof vi.fn>;
    remainingMs: () => number;
  };
} {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const exchange = Exchange.meet(request, response);
  const watcher = { ended: vi.fn(), broken: vi.fn(), remainingMs: () => 40 };
  exchange.watch(watcher);
  return { exchange, request, response, watcher };
}

it('is one exchange for all guards of a request', () => {
  const { exchange, request, response } = met();
  expect(Exchange.meet(request, response)).toBe(exchange);
  expect(Exchange.of(request)).toBe(exchange);
});

it('tells every watcher once, with the status at the end', () => {
  const { exchange, response, watcher } = met();
  const second = { ended: vi.fn(), broken: vi.fn(), remainingMs: () => 30 };
  exchange.watch(second);
  expect(exchange.remainingMs()).toBe(30);

  response.statusCode = 404;
  response.emit('prefinish');
  response.statusCode = 200;
  response.emit('close');

  const end = { statusCode: 404, answeredBy: 'application' };
  expect(watcher.ended.mock.calls).toEqual([[end]]);
  expect(second.ended.mock.calls).toEqual([[end]]);
  const late = { ended: vi.fn(), broken: vi.fn(), remainingMs: () => 0 };
  exchange.watch(late);
  expect(late.ended.mock.calls).toEqual([[end]]);
});

it('is over at the close where the response was ended but could not be written', () => {
  const { exchange, response, watcher } = met();
  // Behind another response of a pipelined connection it waits for its turn.
  response.end('later');
  expect(exchange.over).toBe(false);
  response.emit('close');
  expect(watcher.ended.mock.calls).toEqual([[{ statusCode: 200, answeredBy: 'application' }]]);
  expect(exchange.signal.aborted).toBe(false);
});

it('stays unanswered whatever the handler does when it learns that the client has gone', () => {
  const { exchange, response, watcher } = met();
  const seen: unknown[] = [];
  exchange.signal.addEventListener('abort', () => {
    seen.push(exchange.over, exchange.remainingMs());
    response.statusCode = 500;
    response.emit('prefinish');
  });
  response.emit('close');
  expect(seen).toEqual([true, 0]);
  expect(watcher.ended.mock.calls).toEqual([[{ statusCode: 200, answeredBy: 'nobody' }]]);
});
