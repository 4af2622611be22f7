import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type FetchInput, mayBeRepeated, readRequest } from '../../../src/integrations/fetch/request.ts';

const url = 'https://api.example.com/things?id=1';

function read(input: FetchInput, init?: RequestInit) {
  const request = readRequest(input, init);
  if (request === undefined) throw new Error('not read');
  return request;
}

describe('readRequest', () => {
  it('reads strings, URLs and Requests, where init wins over the Request', () => {
    expect(read(url).method).toBe('GET');
    expect(read(new URL(url)).url.href).toBe(url);
    expect(read(new Request(url, { method: 'PUT' })).method).toBe('PUT');
    expect(read(new Request(url, { method: 'PUT' }), { method: 'delete' }).method).toBe('DELETE');
    expect(read(new Request(url, { headers: { a: '1' } })).headers.get('a')).toBe('1');
  });

  it('takes the signal from init, then from the Request; null is none', () => {
    const { signal } = new AbortController();
    const request = new Request(url, { signal: new AbortController().signal });
    expect(read(request, { signal }).signal).toBe(signal);
    expect(read(request).signal).toBe(request.signal);
    expect(read(request, { signal: null }).signal).toBeUndefined();
  });

  it('keeps what it read, whatever happens to the arguments', () => {
    const headers = { 'X-Case': 'kept' };
    const address = new URL(url);
    const request = read(address, { headers });
    headers['X-Case'] = 'changed';
    address.pathname = '/elsewhere';
    expect(request.init.headers).toEqual({ 'X-Case': 'kept' });
    expect(request.input).toBe(url);
  });

  it('reads headers that can be read once, and keeps them', () => {
    const pairs = new Map([['idempotency-key', 'k1']]);
    const init: RequestInit = {};
    Reflect.set(init, 'headers', pairs.entries());
    const request = read(url, init);
    expect(request.headers.get('idempotency-key')).toBe('k1');
    expect(request.init.headers).toEqual([['idempotency-key', 'k1']]);
  });

  it('reads an init that inherits its members', () => {
    const init = new Request(url, { method: 'PATCH', headers: { a: '1' } });
    const request = read(url, Object.create(Object.getPrototypeOf({}), {}));
    expect(request.method).toBe('GET');
    expect(read(url, init).method).toBe('PATCH');
    expect(read(url, init).headers.get('a')).toBe('1');
  });

  it.each([
    ['a relative URL', '/things', undefined],
    ['no URL', 'http://', undefined],
    ['a data: URL', 'data:text/plain,hello', undefined],
    ['an invalid header', url, { headers: { 'a b': 'c' } }],
  ])('leaves %s to fetch', (_name, input, init) => {
    expect(readRequest(input, init)).toBeUndefined();
  });

  it('leaves a signal that is none to fetch', () => {
    const init: RequestInit = {};
    Reflect.set(init, 'signal', 5);
    expect(readRequest(url, init)).toBeUndefined();
  });
});

describe('mayBeRepeated', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'put'])('%s', (method) => {
    expect(mayBeRepeated(read(url, { method }))).toBe(true);
  });

  it.each(['POST', 'PATCH', 'patch', 'PURGE'])('not %s, unless it has an Idempotency-Key', (method) => {
    expect(mayBeRepeated(read(url, { method }))).toBe(false);
    expect(mayBeRepeated(read(url, { method, headers: { 'Idempotency-Key': '' } }))).toBe(false);
    expect(mayBeRepeated(read(url, { method, headers: { 'Idempotency-Key': 'k' } }))).toBe(true);
  });

  it.each([
    ['a string', 'text'],
    ['bytes', new Uint8Array(3)],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a Blob', new Blob(['x'])],
    ['a form', new FormData()],
    ['parameters', new URLSearchParams('a=1')],
  ])('%s can be sent again', (_name, body) => {
    expect(mayBeRepeated(read(url, { method: 'PUT', body }))).toBe(true);
  });

  it('not a stream, an iterable, or the body of a Request', () => {
    async function* parts() {
      yield new Uint8Array(1);
    }
    expect(mayBeRepeated(read(url, { method: 'PUT', body: new ReadableStream(), duplex: 'half' }))).toBe(
      false,
    );
    expect(mayBeRepeated(read(url, { method: 'PUT', body: parts(), duplex: 'half' }))).toBe(false);
    expect(mayBeRepeated(read(url, { method: 'PUT', body: Readable.from(['a']), duplex: 'half' }))).toBe(
      false,
    );
    expect(mayBeRepeated(read(new Request(url, { method: 'PUT', body: 'text' })))).toBe(false);
    expect(mayBeRepeated(read(new Request(url, { method: 'PUT', body: 'text' }), { body: 'other' }))).toBe(
      true,
    );
  });
});
