import { AsyncLocalStorage } from 'node:async_hooks';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { Strategy } from '../../src/index.ts';
import { guard, guardContext } from '../../src/integrations/express/index.ts';
import { testHub } from '../support.ts';

/** A layer that holds every call until told, as a limit with a queue does. */
function queue(): { readonly strategy: Strategy; letGo(): void } {
  const waiting: (() => void)[] = [];
  const strategy: Strategy = {
    kind: 'timeout',
    describe: () => 'queue',
    bind: (inner) => ({
      outer: inner.outer,
      enter: (passage, now) => {
        waiting.push(() => inner.enter(passage, now));
      },
      settle(passage, outcome, now) {
        this.outer.settle(passage, outcome, now);
      },
    }),
  };
  return {
    strategy,
    letGo: () => {
      for (const go of waiting.splice(0)) go();
    },
  };
}

function exchange(): { request: IncomingMessage; response: ServerResponse } {
  const request = new IncomingMessage(new Socket());
  return { request, response: new ServerResponse(request) };
}

describe('a guard whose policy makes it wait', () => {
  it('goes on in the asynchronous context of its own request', () => {
    const { strategy, letGo } = queue();
    const behind = guard(testHub().policy('route', { strategies: [strategy] }));
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    for (const id of ['a', 'b']) {
      const { request, response } = exchange();
      storage.run(id, () => behind(request, response, () => seen.push(storage.getStore())));
    }
    expect(seen).toEqual([]);
    storage.run('another', letGo);
    expect(seen).toEqual(['a', 'b']);
  });

  it('does not run a handler for a client that has gone meanwhile', async () => {
    const { strategy, letGo } = queue();
    const policy = testHub().policy('route', { strategies: [strategy] });
    const { request, response } = exchange();
    const next = vi.fn();
    guard(policy)(request, response, next);
    response.destroy();
    response.emit('close');
    letGo();
    await vi.waitFor(() => expect(policy.stats().calls.ignored).toBe(1));
    expect(next).not.toHaveBeenCalled();
    expect(guardContext(request)?.signal.aborted).toBe(true);
  });
});

it('ignores a client that had gone before the guard', async () => {
  const policy = testHub().policy('route');
  const { request, response } = exchange();
  response.destroy();
  const next = vi.fn();
  guard(policy)(request, response, next);
  await vi.waitFor(() => expect(policy.stats().calls.ignored).toBe(1));
  expect(next).not.toHaveBeenCalled();
});

it('hands on what a framework throws', async () => {
  const policy = testHub().policy('route');
  const { request, response } = exchange();
  const error = new Error('broken');
  const next = vi.fn<(given?: unknown) => void>().mockImplementationOnce(() => {
    throw error;
  });
  guard(policy)(request, response, next);
  await vi.waitFor(() => expect(next).toHaveBeenLastCalledWith(error));
  expect(policy.stats().calls.failure).toBe(1);
});

it('leaves a server error that has gone out as it is', async () => {
  const policy = testHub().policy('route');
  const { request, response } = exchange();
  const next = vi.fn(() => {
    response.statusCode = 500;
    response.end('wrong');
    response.emit('close');
  });
  guard(policy)(request, response, next);
  await vi.waitFor(() => expect(policy.stats().calls.failure).toBe(1));
  await new Promise(setImmediate);
  expect(next.mock.calls).toEqual([[]]);
});
