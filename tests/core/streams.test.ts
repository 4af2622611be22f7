import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PolicyOptions, runWithDeadline } from '../../src/index.ts';
import { deferred, errorOf, flush, follow, testHub } from '../support.ts';
import { all, inFlight, manual, numbers } from './stream-support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const until = 'end';

describe('a stream that is protected until its end', () => {
  it.each<[string, () => AsyncIterable<unknown>]>([
    ['an async generator', () => numbers(3)],
    ['a Readable of objects', () => Readable.from([1, 2, 3])],
    [
      'a web stream',
      () =>
        new ReadableStream({
          start(controller) {
            for (const n of [1, 2, 3]) controller.enqueue(n);
            controller.close();
          },
        }),
    ],
  ])('%s comes as the same kind of thing, in order, and is counted once at its end', async (_what, make) => {
    const hub = testHub();
    const policy = hub.policy('feed');
    const calls = vi.fn();
    const attempts = vi.fn();
    hub.on('call', calls);
    hub.on('attempt', attempts);
    const source = make();
    const stream = await policy.execute(() => source, { until });
    expect(stream).not.toBe(source);
    if (source instanceof Readable) expect(stream).toBeInstanceOf(Readable);
    if (source instanceof ReadableStream) expect(stream).toBeInstanceOf(ReadableStream);
    expect(inFlight(policy)).toEqual([1, 1]);
    expect(await all(stream)).toEqual([1, 2, 3]);
    expect(inFlight(policy)).toEqual([0, 0]);
    expect(policy.stats()).toMatchObject({
      calls: { success: 1 },
      attempts: { success: 1 },
      lateOutcomes: 0,
    });
    expect(calls).toHaveBeenCalledTimes(1);
    expect(attempts).toHaveBeenCalledTimes(1);
  });

  it('keeps bytes, strings and encodings', async () => {
    const policy = testHub().policy('feed');
    const bytes = await policy.execute(() => Readable.from([Buffer.from('sea')], { objectMode: false }), {
      until,
    });
    expect(await all(bytes)).toEqual([Buffer.from('sea')]);
    const text = await policy.execute(
      () => {
        const source = new PassThrough();
        source.setEncoding('utf8').end('sëa');
        return source;
      },
      { until },
    );
    expect(await all(text)).toEqual(['sëa']);
  });

  it('is the value of executeDetailed and of a wrap', async () => {
    const policy = testHub().policy('feed');
    const detailed = await policy.executeDetailed(() => numbers(1), { until });
    expect(detailed).toMatchObject({ source: 'live', attempts: 1, ageMs: 0 });
    expect(await all(detailed.value)).toEqual([1]);
    const rows = policy.wrap((count: number) => numbers(count), { until });
    expect(await all(await rows(2))).toEqual([1, 2]);
  });

  it('hands through what a generator is sent and what it returns', async () => {
    const policy = testHub().policy('feed');
    async function* echo(): AsyncGenerator<string, string, string> {
      const said = yield 'first';
      return `end after ${said}`;
    }
    const stream = await policy.execute(() => echo(), { until });
    expect(await stream.next()).toEqual({ done: false, value: 'first' });
    expect(await stream.next('word')).toEqual({ done: true, value: 'end after word' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('is reported where a value is none, since nothing then protects it', async () => {
    const hub = testHub();
    const reports: unknown[] = [];
    hub.on('internal-error', ({ component, error }) => reports.push([component, String(error)]));
    const policy = hub.policy('p');
    const response = new Response('x');
    expect(await policy.execute(() => response, { until: 'end' })).toBe(response);
    expect(await policy.execute(() => undefined, { until: 'end' })).toBeUndefined();
    expect(reports).toEqual([['stream', expect.stringContaining('such as the body of a Response')]]);
  });

  it('is any other value where it is no stream', async () => {
    const policy = testHub().policy('feed');
    expect(await policy.execute(() => 7, { until })).toBe(7);
    expect(await policy.execute(async () => new Response('x'), { until })).toBeInstanceOf(Response);
    expect(await policy.execute(() => null, { until })).toBe(null);
    expect(policy.stats()).toMatchObject({ calls: { success: 3 }, callsInFlight: 0 });
  });

  it('cannot be remembered or checked, and an idle time needs it', async () => {
    const policy = testHub().policy('feed');
    const wrong = await errorOf(policy.execute(() => 1, { until, cacheKey: 'a', check: () => true }));
    expect(wrong).toMatchObject({ problems: [{ path: 'cacheKey' }, { path: 'check' }] });
    expect(await errorOf(policy.execute(() => 1, { idleTimeoutMs: 5 }))).toMatchObject({
      problems: [{ path: 'idleTimeoutMs', message: "needs until: 'end'" }],
    });
    expect(() => policy.wrap(() => 1, { until, cacheKey: () => 'a' })).toThrow(/cacheKey: cannot be given/);
    expect(await errorOf(Reflect.apply(policy.execute, policy, [() => 1, { until: 'end!' }]))).toMatchObject({
      problems: [{ path: 'until' }],
    });
  });
});

describe('a stream that nobody gets', () => {
  it('is closed when it comes late', async () => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 100 });
    const { promise, resolve } = deferred<Readable>();
    const call = follow(policy.execute(() => promise, { until }));
    await vi.advanceTimersByTimeAsync(110);
    expect(call.now.status).toBe('rejected');
    const source = new PassThrough();
    resolve(source);
    await flush();
    expect(source.destroyed).toBe(true);
    source.emit('error', new Error('late'));
    expect(policy.stats()).toMatchObject({ lateOutcomes: 1, attemptsInFlight: 0 });
  });

  it.each<[string, PolicyOptions]>([
    ['a retry', { retry: { baseDelayMs: 1 } }],
    ['a failover', { failover: { endpoints: ['a', 'b'].map((name) => ({ name, target: name })) } }],
  ])('is closed once, when %s has begun another in its place', async (_what, options) => {
    const policy = testHub().policy('feed', options);
    const sources: Readable[] = [];
    const discard = vi.fn();
    const call = policy.execute(
      () => {
        const source = Readable.from([sources.length]);
        sources.push(source);
        return source;
      },
      { until, discard, classify: (result) => (result.ok && sources.length === 1 ? 'transient' : undefined) },
    );
    await vi.advanceTimersByTimeAsync(50);
    const stream = await call;
    expect(sources[0]?.destroyed).toBe(true);
    expect(inFlight(policy)).toEqual([1, 1]);
    expect(await all(stream)).toEqual([1]);
    expect(discard).toHaveBeenCalledExactlyOnceWith(sources[0]);
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0 });
  });

  it('is closed when a hedge has begun another before it', async () => {
    const policy = testHub().policy('feed', { hedge: { delayMs: 50, maxExtraLoad: 1 } });
    const late = new PassThrough({ objectMode: true });
    const begins = [deferred<Readable>(), deferred<Readable>()];
    const call = follow(policy.execute(({ attempt }) => begins[attempt - 1]?.promise, { until }));
    await vi.advanceTimersByTimeAsync(60);
    begins[1]?.resolve(Readable.from(numbers(2)));
    await flush();
    expect(call.now.status).toBe('fulfilled');
    begins[0]?.resolve(late);
    await flush();
    expect(late.destroyed).toBe(true);
    if (call.now.status === 'fulfilled' && call.now.value instanceof Readable) {
      expect(await all(call.now.value)).toEqual([1, 2]);
    }
    expect(policy.stats()).toMatchObject({ calls: { success: 1 }, callsInFlight: 0, attemptsInFlight: 0 });
  });
});

describe('a deadline in force', () => {
  it('bounds the stream to its last chunk, whoever reads it where', async () => {
    const policy = testHub().policy('feed', { attemptTimeoutMs: 1_000 });
    const { source } = manual();
    const stream = await runWithDeadline(100, () => policy.execute(() => source, { until }));
    const next = follow(stream[Symbol.asyncIterator]().next());
    await vi.advanceTimersByTimeAsync(110);
    expect(next.now).toMatchObject({ reason: { code: 'TIMEOUT', scope: 'total', timeoutMs: 100 } });
    expect(policy.stats()).toMatchObject({
      calls: { timeout: 1 },
      attempts: { ignored: 1 },
      callsInFlight: 0,
    });
  });
});
