import { describe, expect, it } from 'vitest';
import {
  BulkheadFullError,
  CircuitOpenError,
  ClosedError,
  InjectedFaultError,
  InvalidOptionsError,
  LimitReachedError,
  RateLimitedError,
  ThrottledError,
  TimeoutError,
} from '../../src/core/errors.ts';
import { runWithDeadline } from '../../src/index.ts';
import { answerTo } from '../../src/web/answers.ts';

describe('answerTo', () => {
  it.each([
    [new CircuitOpenError('database', 1_001), 503, '2'],
    [new CircuitOpenError('database', 1_000), 503, '1'],
    [new CircuitOpenError('database', 0), 503, '1'],
    [new CircuitOpenError('database', Number.POSITIVE_INFINITY), 503, '1'],
    [new CircuitOpenError('database', Number.NaN), 503, '1'],
    [new RateLimitedError('database', 4_200), 503, '5'],
    [new RateLimitedError('database', Number.POSITIVE_INFINITY), 503, '1'],
    [new BulkheadFullError('database', 10, 0), 503, '1'],
    [new LimitReachedError('database', 10), 503, '1'],
    [new ThrottledError('database', 0.5), 503, '1'],
    [new ClosedError('database'), 503, '1'],
    [new TimeoutError('database', 5, 'queue'), 503, '1'],
    [new TimeoutError('database', 5, 'attempt'), 504, undefined],
    [new TimeoutError('database', 5, 'total'), 504, undefined],
  ])('%s', (error, statusCode, retryAfter) => {
    const answer = answerTo(error);
    expect(answer?.statusCode).toBe(statusCode);
    expect(answer?.headers['retry-after']).toBe(retryAfter);
    expect(JSON.parse(answer?.body ?? '')).toEqual({ error: expect.any(String), code: error.code });
    expect(answer?.body).not.toContain('database');
  });

  it('asks for no other try where a policy turned the call away, or no time is left', () => {
    const mark = (error: unknown): unknown => answerTo(error)?.headers['x-should-retry'];
    expect(mark(new CircuitOpenError('database', 5))).toBe('false');
    expect(mark(new BulkheadFullError('database', 10, 0))).toBe('false');
    expect(mark(new TimeoutError('database', 5, 'queue'))).toBe('false');
    expect(mark(new TimeoutError('database', 5, 'total'))).toBeUndefined();
    expect(mark(new ClosedError('database'))).toBeUndefined();
    expect(runWithDeadline(0, () => mark(new TimeoutError('database', 5, 'total')))).toBe('false');
    expect(runWithDeadline(60_000, () => mark(new TimeoutError('database', 5, 'total')))).toBeUndefined();
  });

  it.each([
    new InvalidOptionsError('', 'x', []),
    new InjectedFaultError('database'),
    new Error('x'),
    'CIRCUIT_OPEN',
    { code: 'CIRCUIT_OPEN' },
    null,
    undefined,
  ])('has none for %s', (error) => expect(answerTo(error)).toBeUndefined());
});
