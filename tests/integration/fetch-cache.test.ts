import type http from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CacheEntry } from '../../src/index.ts';
import { type ResilientFetchOptions, resilientFetch } from '../../src/integrations/fetch/index.ts';
import { closeAll, makeFetch, startServer, type TestServer } from '../integrations/fetch/server.ts';

afterEach(() => {
  vi.useRealTimers();
  return closeAll();
});

const failing: http.RequestListener = (_request, response) => {
  response.writeHead(500).end('broken');
};

/** A server that answers well, and a fetch that remembers without retrying. */
async function setUp(options: ResilientFetchOptions = {}, headers: http.OutgoingHttpHeaders = {}) {
  const server = await startServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', ...headers });
    // Node's fetch asks for any language by itself.
    const { 'accept-language': language = '*', authorization: user } = request.headers;
    response.end(`${request.url} for ${user ?? (language === '*' ? 'all' : language)}`);
  });
  const made = makeFetch({ retry: false, circuitBreaker: false, cacheFallback: {}, ...options });
  return { ...made, server };
}

/** What a fetch gets from a server that now fails: the status, and the body. */
async function afterFailure(
  server: TestServer,
  fetch: typeof globalThis.fetch,
  init?: RequestInit,
  path = '/a',
) {
  server.handler = failing;
  const response = await fetch(server.origin + path, init);
  return [response.status, await response.text()];
}

const BROKEN = [500, 'broken'];

describe('a remembered response', () => {
  it("answers in a failed one's place, and says that it is stale and how old", async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] });
    const { server, fetch, hub } = await setUp({}, { age: '3' });
    const live = await fetch(`${server.origin}/a?q=1`);
    expect(live.headers.has('x-breakwater-cache')).toBe(false);
    await live.text();
    vi.advanceTimersByTime(12_900);
    // What the wall clock does is of no matter.
    vi.setSystemTime(Date.now() - 3_600_000);
    server.handler = failing;
    for (let n = 0; n < 2; n += 1) {
      const stale = await fetch(`${server.origin}/a?q=1#part`);
      expect([stale.status, stale.url, stale.type]).toEqual([200, `${server.origin}/a?q=1`, 'basic']);
      expect(stale.headers.get('x-breakwater-cache')).toBe('stale; age=12');
      expect(stale.headers.get('age')).toBe('15');
      expect(stale.headers.get('warning')).toContain('110');
      expect(stale.headers.get('content-type')).toBe('text/plain');
      expect(await stale.clone().text()).toBe('/a?q=1 for all');
      expect(await stale.text()).toBe('/a?q=1 for all');
    }
    expect(hub.get(server.origin).stats()).toMatchObject({ calls: { fallback: 2 }, cache: { stale: 2 } });
  });

  it('does not depend on whether the caller read the first', async () => {
    const { server, fetch } = await setUp();
    await fetch(`${server.origin}/a`);
    await vi.waitFor(() => expect(server.underWay.size).toBe(0));
    expect(await afterFailure(server, fetch)).toEqual([200, '/a for all']);
  });

  it('answers while the circuit is open, and when the server is gone', async () => {
    const { server, fetch, hub } = await setUp({ circuitBreaker: { consecutiveFailures: 1 } });
    await (await fetch(`${server.origin}/a`)).text();
    server.handler = (request) => request.socket.destroy();
    for (let n = 0; n < 3; n += 1)
      expect(await (await fetch(`${server.origin}/a`)).text()).toBe('/a for all');
    expect(hub.get(server.origin).circuit.state).toBe('open');
    expect(server.requests).toHaveLength(2);
  });

  it('answers without a request while it is fresh, and says so', async () => {
    const { server, fetch } = await setUp({ cacheFallback: { freshForMs: 60_000 } });
    await (await fetch(`${server.origin}/a`)).text();
    const fresh = await fetch(`${server.origin}/a`);
    expect(fresh.headers.get('x-breakwater-cache')).toBe('fresh; age=0');
    expect(fresh.headers.has('warning')).toBe(false);
    expect(await fresh.text()).toBe('/a for all');
    expect(server.requests).toHaveLength(1);
  });

  it('keeps a 204, which has no body', async () => {
    const { server, fetch } = await setUp();
    server.handler = (_request, response) => response.writeHead(204).end();
    await fetch(`${server.origin}/a`);
    expect(await afterFailure(server, fetch)).toEqual([204, '']);
  });

  it('keeps bytes as they are', async () => {
    const { server, fetch } = await setUp();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
    server.handler = (_request, response) => response.end(bytes);
    await (await fetch(`${server.origin}/a`)).arrayBuffer();
    server.handler = failing;
    expect(new Uint8Array(await (await fetch(`${server.origin}/a`)).arrayBuffer())).toEqual(bytes);
  });

  it('is not made of a failure, of an error status or of another method', async () => {
    const { server, fetch } = await setUp();
    await (await fetch(`${server.origin}/a`, { method: 'POST' })).text();
    await fetch(`${server.origin}/a`, { method: 'HEAD' });
    server.handler = (_request, response) => response.writeHead(404).end('none');
    await (await fetch(`${server.origin}/a`)).text();
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
  });

  it('is not made of a body that breaks off, or that the caller cancels', async () => {
    const { server, fetch } = await setUp();
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('part', () => response.destroy());
    };
    await expect((await fetch(`${server.origin}/a`)).text()).rejects.toThrow();
    server.handler = (_request, response) => {
      response.write('part');
    };
    await (await fetch(`${server.origin}/a`)).body?.cancel();
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
  });
});

describe('maxCachedBodyBytes', () => {
  it.each([
    ['announced', true],
    ['not announced', false],
  ])('bounds what is kept, with a length %s; the caller gets it all', async (_name, announced) => {
    const { server, fetch } = await setUp({ maxCachedBodyBytes: 1_000 });
    const body =
      (length: number): http.RequestListener =>
      (_request, response) => {
        if (announced) response.setHeader('content-length', length);
        response.write('x'.repeat(length - 1));
        response.end('x');
      };
    server.handler = body(1_001);
    expect(await (await fetch(`${server.origin}/a`)).text()).toHaveLength(1_001);
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
    server.handler = body(1_000);
    expect(await (await fetch(`${server.origin}/a`)).text()).toHaveLength(1_000);
    expect(await afterFailure(server, fetch)).toEqual([200, 'x'.repeat(1_000)]);
  });

  it('is 1 MiB by default', async () => {
    const { server, fetch } = await setUp();
    for (const [length, kept] of [
      [1_048_577, 500],
      [1_048_576, 200],
    ] as const) {
      server.handler = (_request, response) => response.end('x'.repeat(length));
      await (await fetch(`${server.origin}/a`)).text();
      expect((await afterFailure(server, fetch))[0]).toBe(kept);
    }
  });

  it('is all that is read ahead of a caller that does not read', async () => {
    const { server, fetch } = await setUp({ maxCachedBodyBytes: 10_000 });
    let sent = 0;
    server.handler = (_request, response) => {
      const send = () => {
        while (sent < 50_000_000) {
          sent += 100_000;
          if (!response.write('x'.repeat(100_000))) break;
        }
      };
      response.on('drain', send);
      send();
    };
    const response = await fetch(`${server.origin}/a`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = sent;
    expect(before).toBeLessThan(40_000_000);
    await response.body?.cancel();
  });
});

describe('whose a response is', () => {
  it.each([
    'no-store',
    'no-cache',
    'must-revalidate',
    'private',
    'max-age=60, Private',
    'no-cache="set-cookie"',
  ])('is not kept when it says %s, unless the caller gives a key', async (cacheControl) => {
    const without = await setUp({}, { 'cache-control': cacheControl });
    await (await without.fetch(`${without.server.origin}/a`)).text();
    expect(await afterFailure(without.server, without.fetch)).toEqual(BROKEN);

    const own = await setUp({ cacheKey: ({ url }) => url }, { 'cache-control': cacheControl });
    await (await own.fetch(`${own.server.origin}/a`)).text();
    expect(await afterFailure(own.server, own.fetch)).toEqual([200, '/a for all']);
  });

  it.each(['max-age=60', 'public', 'max-age=0, ext="a, private, no-store, b"'])(
    'is kept when it says %s',
    async (said) => {
      const { server, fetch } = await setUp({}, { 'cache-control': said });
      await (await fetch(`${server.origin}/a`)).text();
      expect(await afterFailure(server, fetch)).toEqual([200, '/a for all']);
    },
  );

  it.each([
    'authorization',
    'cookie',
    'x-api-key',
    'private-token',
    'x-vault-token',
    'x-session-id',
    'x-user',
    'baggage',
    'referer',
  ])('is not kept when asked for with %s', async (name) => {
    const { server, fetch } = await setUp();
    const headers = { [name]: 'ann' };
    await (await fetch(`${server.origin}/a`, { headers })).text();
    expect(await afterFailure(server, fetch, { headers })).toEqual(BROKEN);
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
  });

  it('is kept when asked for with headers that tell nothing of who asks', async () => {
    const { server, fetch } = await setUp();
    const headers = {
      accept: 'application/json',
      'accept-language': 'de',
      'user-agent': 'shop/1',
      origin: 'https://shop.example.com',
      traceparent: '00-1-2-01',
      'x-request-id': '7',
    };
    await (await fetch(`${server.origin}/a`, { headers })).text();
    expect(await afterFailure(server, fetch, { headers })).toEqual([200, '/a for de']);
  });

  it('is neither kept nor shared when the URL says who asks; with a key of the caller, it is', async () => {
    let down = false;
    let sent = 0;
    const send = async (input: unknown) => {
      sent += 1;
      return new Response(`for ${new URL(String(input)).username}`, { status: down ? 503 : 200 });
    };
    const cacheFallback = { coalesce: true };
    const url = 'http://ann:secret@api.example.com/me';
    const { fetch } = makeFetch({ retry: false, cacheFallback, fetch: send });
    const bodies = await Promise.all([fetch(url), fetch(url)].map(async (answer) => (await answer).text()));
    expect([bodies, sent]).toEqual([['for ann', 'for ann'], 2]);
    down = true;
    expect((await fetch(url)).status).toBe(503);

    down = false;
    const keys: string[] = [];
    const store = {
      get: () => undefined,
      set: (key: string) => keys.push(key),
      delete: () => undefined,
    };
    const cacheKey = () => 'ann';
    const own = makeFetch({ retry: false, cacheFallback: { store }, cacheKey, fetch: send });
    await (await own.fetch(url)).text();
    await vi.waitFor(() => expect(keys).toHaveLength(1));
    expect(keys[0]).not.toContain('secret');
  });

  it('is not given to one with credentials when one without had asked', async () => {
    const { server, fetch } = await setUp();
    await (await fetch(`${server.origin}/a`)).text();
    expect(await afterFailure(server, fetch, { headers: { authorization: 'Bearer x' } })).toEqual(BROKEN);
  });

  it("is not kept when it sets a cookie; under the caller's key it is, without the cookie", async () => {
    const cookies = { 'set-cookie': 'session=1' };
    const without = await setUp({}, cookies);
    await (await without.fetch(`${without.server.origin}/a`)).text();
    expect(await afterFailure(without.server, without.fetch)).toEqual(BROKEN);
    const own = await setUp({ cacheKey: ({ url }) => url }, cookies);
    await (await own.fetch(`${own.server.origin}/a`)).text();
    own.server.handler = failing;
    expect((await own.fetch(`${own.server.origin}/a`)).headers.getSetCookie()).toEqual([]);
  });

  it("is told apart by the caller's key, and not by a token that changes", async () => {
    const { server, fetch } = await setUp(
      { cacheKey: ({ url, headers }) => `${headers.get('x-user')} ${url}` },
      { vary: 'Authorization' },
    );
    const as = (user: string, token: string) => ({ headers: { 'x-user': user, authorization: token } });
    await (await fetch(`${server.origin}/a`, as('ann', 't1'))).text();
    expect(await afterFailure(server, fetch, as('ann', 't2'))).toEqual([200, '/a for t1']);
    expect(await afterFailure(server, fetch, as('bob', 't1'))).toEqual(BROKEN);
  });

  it("is one resource's only, whatever the caller's key is", async () => {
    const { server, fetch } = await setUp({
      cacheKey: ({ headers }) => headers.get('x-user') ?? undefined,
    });
    const asAnn = { headers: { 'x-user': 'ann', authorization: 'ann' } };
    await (await fetch(`${server.origin}/profile`, asAnn)).text();
    expect(await afterFailure(server, fetch, asAnn, '/orders')).toEqual(BROKEN);
    expect(await afterFailure(server, fetch, asAnn, '/profile?part=2')).toEqual(BROKEN);
    expect(await afterFailure(server, fetch, asAnn, '/profile')).toEqual([200, '/profile for ann']);
  });

  it('is not kept where cacheKey gives undefined', async () => {
    const { server, fetch, hub } = await setUp({ cacheKey: () => undefined });
    await (await fetch(`${server.origin}/a`)).text();
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
    expect(hub.get(server.origin).stats().internalErrors).toBe(0);
  });

  it.each<[string, (user: string | null) => unknown]>([
    ['gives an object', (user) => ({ user })],
    ['gives a number', () => 7],
    ['gives null', () => null],
    ['is async', async (user) => user],
    ['is async and rejects', () => Promise.reject(new Error('no key'))],
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
  ])('is not kept where cacheKey %s, which is reported', async (_name, key) => {
    const options = { coalesce: true };
    const { server, fetch, hub } = await setUp({ cacheFallback: options });
    const reported: unknown[] = [];
    hub.on('internal-error', ({ component }) => reported.push(component));
    // As JavaScript may give it, which no type holds to a string.
    const loose = resilientFetch(hub, {
      retry: false,
      circuitBreaker: false,
      cacheFallback: options,
      cacheKey: new Proxy(() => undefined, {
        apply: (_target, _self, [{ headers }]) => key(headers.get('authorization')),
      }),
    });
    const as = (user: string) => ({ headers: { authorization: user } });
    const both = await Promise.all(['ann', 'bob'].map((user) => loose(`${server.origin}/me`, as(user))));
    expect(await Promise.all(both.map((answer) => answer.text()))).toEqual(['/me for ann', '/me for bob']);
    expect(await afterFailure(server, loose, as('bob'), '/me')).toEqual(BROKEN);
    expect(reported).toEqual(['cache-key', 'cache-key', 'cache-key']);
    expect(await (await fetch(server.origin)).text()).toBe('broken');
  });

  it.each([
    ['cache: no-store', { cache: 'no-store' }],
    ['cache: reload', { cache: 'reload' }],
    ['Cache-Control: no-store', { headers: { 'cache-control': 'no-store' } }],
    ['Pragma: no-cache', { headers: { pragma: 'no-cache' } }],
    ['a range', { headers: { range: 'bytes=0-1' } }],
    ['a condition', { headers: { 'if-none-match': '"1"' } }],
  ])('is neither kept nor given for a request with %s', async (_name, init: object) => {
    const { server, fetch } = await setUp();
    await (await fetch(`${server.origin}/a`, init)).text();
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
    server.handler = (_request, response) => response.end('good');
    await (await fetch(`${server.origin}/a`)).text();
    expect(await afterFailure(server, fetch, init)).toEqual(BROKEN);
    expect(await afterFailure(server, fetch)).toEqual([200, 'good']);
  });
});

describe('Vary', () => {
  const inLanguage = (language: string) => ({ headers: { 'Accept-Language': language } });

  it('is part of the key, from the first response on', async () => {
    const { server, fetch } = await setUp({}, { vary: 'Accept-Language, Accept-Encoding' });
    await (await fetch(`${server.origin}/a`, inLanguage('de'))).text();
    expect(await afterFailure(server, fetch, inLanguage('fr'))).toEqual(BROKEN);
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
    expect(await afterFailure(server, fetch, inLanguage('de'))).toEqual([200, '/a for de']);
  });

  it('keeps one response for each value', async () => {
    const { server, fetch } = await setUp({}, { vary: 'accept-language' });
    for (const language of ['de', 'fr'])
      await (await fetch(`${server.origin}/a`, inLanguage(language))).text();
    for (const language of ['de', 'fr']) {
      expect(await afterFailure(server, fetch, inLanguage(language))).toEqual([200, `/a for ${language}`]);
    }
  });

  it('leaves other headers out of the key', async () => {
    const { server, fetch } = await setUp();
    await (await fetch(`${server.origin}/a`, { headers: { traceparent: '1' } })).text();
    expect((await afterFailure(server, fetch, { headers: { traceparent: '2' } }))[0]).toBe(200);
  });

  it('that names everything keeps nothing', async () => {
    const { server, fetch } = await setUp({ cacheKey: ({ url }) => url }, { vary: 'accept, *' });
    await (await fetch(`${server.origin}/a`)).text();
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
  });
});

describe('concurrent calls', () => {
  it('share one request, and each has a response of its own', async () => {
    const { server, fetch } = await setUp({ cacheFallback: { coalesce: true } });
    const responses = await Promise.all([1, 2, 3].map(() => fetch(`${server.origin}/a`)));
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual(
      Array(3).fill('/a for all'),
    );
    expect(new Set(responses.map(({ url }) => url))).toEqual(new Set([`${server.origin}/a`]));
    expect(server.requests).toHaveLength(1);
  });

  it('share none between different headers, nor with credentials', async () => {
    const { server, fetch } = await setUp({ cacheFallback: { coalesce: true } });
    const asked = [
      { 'accept-language': 'de' },
      { 'accept-language': 'fr' },
      { authorization: 'a' },
      { authorization: 'b' },
    ];
    const responses = await Promise.all(asked.map((headers) => fetch(`${server.origin}/a`, { headers })));
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(bodies).toEqual(['/a for de', '/a for fr', '/a for a', '/a for b']);
  });

  /** A server that gives each request an answer of its own once `together` have come, in whatever order. */
  async function setUpCounting(headers: http.OutgoingHttpHeaders, together: number, options = {}) {
    const made = await setUp({ cacheFallback: { coalesce: true }, ...options });
    const { server } = made;
    server.handler = (_request, response) => {
      const id = server.requests.length;
      const answer = () => {
        if (server.requests.length < together && id > 1) return void setTimeout(answer, 1);
        response.writeHead(200, { 'set-cookie': `session=${id}`, ...headers }).end(`for ${id}`);
      };
      answer();
    };
    return made;
  }

  it.each([
    ['sets a cookie', {}],
    ['is private', { 'set-cookie': [], 'cache-control': 'private' }],
    ['is not to be stored', { 'set-cookie': [], 'cache-control': 'no-store' }],
    ['is to be asked for each time', { 'set-cookie': [], 'cache-control': 'no-cache' }],
    ['depends on more than headers', { 'set-cookie': [], vary: '*' }],
  ])('share no answer that %s: the others ask for themselves', async (_name, headers) => {
    const { server, fetch, hub } = await setUpCounting(headers, 3);
    const answers = await Promise.all([1, 2, 3].map(() => fetch(`${server.origin}/me`)));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(bodies[0]).toBe('for 1');
    expect(bodies.toSorted()).toEqual(['for 1', 'for 2', 'for 3']);
    const cookies = answers.flatMap((answer) => answer.headers.getSetCookie());
    expect(new Set(cookies).size).toBe(cookies.length);
    expect(server.requests).toHaveLength(3);
    expect(hub.get(server.origin).stats()).toMatchObject({ calls: { success: 3 }, callsInFlight: 0 });
  });

  it("share a private answer under the caller's key, but no cookie", async () => {
    const options = { cacheKey: () => 'ann' };
    const priv = { 'set-cookie': [], 'cache-control': 'private' };
    const shared = await setUpCounting(priv, 2, options);
    const ask = async ({ fetch, server }: typeof shared) => {
      const answers = await Promise.all([1, 2].map(() => fetch(`${server.origin}/me`)));
      return Promise.all(answers.map((answer) => answer.text()));
    };
    expect(await ask(shared)).toEqual(['for 1', 'for 1']);
    expect(await ask(await setUpCounting({}, 2, options))).toEqual(['for 1', 'for 2']);
  });

  it("one caller's abort ends its own body only", async () => {
    const { server, fetch } = await setUp({ cacheFallback: { coalesce: true } });
    let finish = () => {};
    server.handler = (_request, response) => {
      response.write('first ');
      finish = () => response.end('second');
    };
    const caller = new AbortController();
    const [mine, theirs] = await Promise.all([
      fetch(`${server.origin}/a`, { signal: caller.signal }),
      fetch(`${server.origin}/a`, { signal: new AbortController().signal }),
    ]);
    const text = mine.text();
    caller.abort(new Error('enough'));
    await expect(text).rejects.toThrow('enough');
    finish();
    expect(await theirs.text()).toBe('first second');
    expect(server.requests).toHaveLength(1);
  });

  it('share a failure, each with a body of its own, or a stale answer, and report nothing', async () => {
    const { server, fetch, hub } = await setUp({ cacheFallback: { coalesce: true } });
    server.handler = failing;
    const failed = await Promise.all([1, 2].map(() => fetch(`${server.origin}/a`)));
    expect(await Promise.all(failed.map((response) => response.text()))).toEqual(['broken', 'broken']);
    server.handler = (_request, response) => response.end('good');
    await (await fetch(`${server.origin}/a`)).text();
    server.handler = failing;
    const stale = await Promise.all([1, 2, 3].map(() => fetch(`${server.origin}/a`)));
    expect(await Promise.all(stale.map((response) => response.text()))).toEqual(Array(3).fill('good'));
    expect(hub.get(server.origin).stats().internalErrors).toBe(0);
  });
});

describe("a store of the application's own", () => {
  /** A store that keeps text, as one outside the process does. */
  class TextStore {
    readonly texts = new Map<string, string>();

    async get(key: string): Promise<CacheEntry | undefined> {
      const text = this.texts.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    }

    async set(key: string, entry: CacheEntry): Promise<void> {
      this.texts.set(key, JSON.stringify(entry));
    }

    delete(key: string): void {
      this.texts.delete(key);
    }
  }

  it("gets plain data, under keys without a header's value", async () => {
    const store = new TextStore();
    const { server, fetch } = await setUp({ cacheFallback: { store } });
    const init = { headers: { 'accept-language': 'hush' } };
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    server.handler = (_request, response) => response.writeHead(200, { vary: 'accept-language' }).end(bytes);
    await (await fetch(`${server.origin}/a`, init)).arrayBuffer();
    await vi.waitFor(() => expect(store.texts.size).toBe(2));
    expect(JSON.stringify([...store.texts])).not.toContain('hush');
    server.handler = failing;
    // Another process that starts while the server is down finds it too.
    const { fetch: another } = makeFetch({ retry: false, cacheFallback: { store } });
    for (const ask of [fetch, another]) {
      const stale = await ask(`${server.origin}/a`, init);
      expect(new Uint8Array(await stale.arrayBuffer())).toEqual(bytes);
    }
    expect(await afterFailure(server, another)).toEqual(BROKEN);
  });

  it('that returns rubbish is reported and passed over', async () => {
    const store = new TextStore();
    const { server, fetch, hub } = await setUp({ cacheFallback: { store } });
    await (await fetch(`${server.origin}/a`)).text();
    await vi.waitFor(() => expect(store.texts.size).toBe(1));
    for (const key of store.texts.keys()) {
      store.texts.set(key, JSON.stringify({ value: { status: 'x' }, storedAt: Date.now() }));
    }
    expect(await afterFailure(server, fetch)).toEqual(BROKEN);
    expect(hub.get(server.origin).stats().internalErrors).toBe(1);
  });
});
