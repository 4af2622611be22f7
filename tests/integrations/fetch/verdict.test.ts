import { describe, expect, it } from 'vitest';
import { readRequest } from '../../../src/integrations/fetch/request.ts';
import { httpVerdict, statusVerdict } from '../../../src/integrations/fetch/verdict.ts';

function judge(error: unknown, url = 'https://api.example.com/x', init: RequestInit = {}) {
  const request = readRequest(url, { method: 'POST', ...init });
  if (request === undefined) throw new Error('no request');
  return httpVerdict(request)({ ok: false, error });
}

/** An error as Node's fetch throws it. */
function fetchFailed(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}

function systemError(fields: object): Error {
  return Object.assign(new Error('system error'), fields);
}

describe('the verdict on a status', () => {
  it.each([
    [200, 'success'],
    [204, 'success'],
    [304, 'success'],
    [400, 'refused'],
    [401, 'defect'],
    [403, 'defect'],
    [404, 'refused'],
    [407, 'refused'],
    [408, 'transient'],
    [409, 'refused'],
    [425, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [501, 'permanent'],
    [502, 'transient'],
    [503, 'transient'],
    [504, 'transient'],
    [505, 'permanent'],
    [599, 'permanent'],
  ])('%d is %s', (status, verdict) => {
    expect(statusVerdict(status)).toBe(verdict);
  });
});

describe('the verdict on a response', () => {
  const judgeResponse = (status: number, headers: Record<string, string> = {}) => {
    const request = readRequest('https://api.example.com/x', {});
    if (request === undefined) throw new Error('no request');
    return httpVerdict(request)({ ok: true, value: new Response(null, { status, headers }) });
  };

  it.each([200, 304, 404])('has no words for %d, which is no failure', (status) => {
    expect(judgeResponse(status)).toEqual({ verdict: statusVerdict(status) });
  });

  it.each([401, 403, 429, 500, 501, 503])('names the status %d, which is one', (status) => {
    expect(judgeResponse(status)).toMatchObject({
      verdict: statusVerdict(status),
      reason: `HTTP ${status}`,
    });
  });

  it('tells when to come back', () => {
    expect(judgeResponse(503, { 'retry-after': '7' })).toEqual({
      verdict: 'transient',
      retryAfterMs: 7_000,
      reason: 'HTTP 503',
    });
  });
});

describe('the verdict on an error', () => {
  const refused = { code: 'ECONNREFUSED', syscall: 'connect', port: 443 };

  it.each([
    ['a refused connection', systemError(refused)],
    [
      'an unknown host',
      systemError({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'api.example.com' }),
    ],
    ['a connect timeout', systemError({ code: 'UND_ERR_CONNECT_TIMEOUT' })],
    ['an unreachable host', systemError({ code: 'EHOSTUNREACH', syscall: 'connect' })],
    [
      'all addresses refused',
      Object.assign(new AggregateError([systemError(refused), systemError(refused)]), {
        code: 'ECONNREFUSED',
      }),
    ],
  ])('%s is safe to repeat', (_name, cause) => {
    expect(judge(fetchFailed(cause))).toEqual({ verdict: 'transient', safeToRepeat: true });
    expect(judge(cause)).toEqual({ verdict: 'transient', safeToRepeat: true });
  });

  it('is not safe to repeat once a body that can be sent once has been given away', () => {
    const init = { body: new ReadableStream(), duplex: 'half' } as const;
    expect(judge(fetchFailed(systemError(refused)), undefined, init)).toEqual({
      verdict: 'transient',
      safeToRepeat: false,
    });
  });

  it.each([
    ['a reset', systemError({ code: 'ECONNRESET', syscall: 'read' })],
    ['a broken pipe', systemError({ code: 'EPIPE', syscall: 'write' })],
    ['a socket closed by the other side', systemError({ code: 'UND_ERR_SOCKET' })],
    ['a timeout while reading', systemError({ code: 'ETIMEDOUT', syscall: 'read' })],
    [
      'one address reset',
      new AggregateError([systemError(refused), systemError({ code: 'ECONNRESET', syscall: 'read' })]),
    ],
    ['no address at all', new AggregateError([])],
    ['a refusal at another port, after a redirect', systemError({ ...refused, port: 8443 })],
    [
      'another unknown host, after a redirect',
      systemError({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'elsewhere.example.com' }),
    ],
  ])('%s proves nothing, and the default decides', (_name, cause) => {
    expect(judge(fetchFailed(cause))).toBeUndefined();
  });

  it('survives causes that go round', () => {
    const error = new Error('round');
    error.cause = error;
    expect(judge(error)).toBeUndefined();
  });

  it.each([
    ['bad port', 'defect'],
    ['unexpected redirect', 'permanent'],
    ['redirect count exceeded', 'permanent'],
  ])('%s is no network error', (reason, verdict) => {
    expect(judge(fetchFailed(new Error(reason)))).toEqual({ verdict });
  });
});

describe('an answer that asks for no other try', () => {
  function verdictOn(status: number, headers: Record<string, string>): unknown {
    const request = readRequest('https://api.example.com/x', {});
    if (request === undefined) throw new Error('no request');
    return httpVerdict(request)({ ok: true, value: new Response(null, { status, headers }) });
  }

  it('is permanent where it would be transient, and keeps its Retry-After', () => {
    const headers = { 'x-should-retry': 'False', 'retry-after': '7' };
    expect(verdictOn(503, headers)).toMatchObject({ verdict: 'permanent', retryAfterMs: 7_000 });
    expect(verdictOn(504, { 'x-envoy-overloaded': 'true' })).toMatchObject({ verdict: 'permanent' });
    expect(verdictOn(503, { 'x-should-retry': 'true' })).toMatchObject({ verdict: 'transient' });
    expect(verdictOn(200, { 'x-should-retry': 'false' })).toMatchObject({ verdict: 'success' });
    expect(verdictOn(404, { 'x-should-retry': 'false' })).toMatchObject({ verdict: 'refused' });
  });
});
