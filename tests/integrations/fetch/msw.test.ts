import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeAll, makeFetch } from './server.ts';

const mocked = setupServer();

beforeAll(() => mocked.listen({ onUnhandledRequest: 'error' }));
afterEach(async () => {
  mocked.resetHandlers();
  await closeAll();
});
afterAll(() => mocked.close());

const url = 'https://api.example.com/things';

describe('a fetch that is replaced after resilientFetch() was called', () => {
  it('is the one that sends: a network error is repeated, and the answer keeps its URL', async () => {
    let n = 0;
    mocked.use(
      http.get(url, () => {
        n += 1;
        return n === 1 ? HttpResponse.error() : HttpResponse.json({ n });
      }),
    );
    const { fetch, hub } = makeFetch();
    const response = await fetch(`${url}?id=7`);
    expect(response.url).toBe(`${url}?id=7`);
    expect(await response.json()).toEqual({ n: 2 });
    expect(hub.get('https://api.example.com').stats().attempts).toMatchObject({ failure: 1, success: 1 });
  });

  it('is remembered in the same way', async () => {
    mocked.use(http.get(url, () => HttpResponse.text('good'), { once: true }));
    const { fetch } = makeFetch({ retry: false, cacheFallback: {} });
    expect(await (await fetch(url)).text()).toBe('good');
    mocked.use(http.get(url, () => new HttpResponse(null, { status: 502 })));
    const stale = await fetch(url);
    expect([stale.headers.get('x-breakwater-cache'), await stale.text()]).toEqual(['stale; age=0', 'good']);
  });
});
