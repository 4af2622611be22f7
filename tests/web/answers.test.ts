import { describe, expect, it } from 'vitest';
import {
  BreakwaterError,
  CircuitOpenError,
  ClosedError,
  InvalidOptionsError,
  TimeoutError,
} from '../../src/index.ts';
import { answerTo } from '../../src/web/answers.ts';

describe('answerTo', () => {
  it.each([
    [new CircuitOpenError('database', 1_001), 503, '2'],
    [new CircuitOpenError('database', 1_000), 503, '1'],
    [new CircuitOpenError('database', 0), 503, '1'],
    [new CircuitOpenError('database', Number.POSITIVE_INFINITY), 503, '1'],
    [new CircuitOpenError('database', Number.NaN), 503, '1'],
    [Object.assign(new BreakwaterError('RATE_LIMITED', 'database', ''), { retryAfterMs: 4_200 }), 503, '5'],
    [new BreakwaterError('BULKHEAD_FULL', 'database', ''), 503, '1'],
    [new BreakwaterError('THROTTLED', 'database', ''), 503, '1'],
    [new ClosedError('database'), 503, '1'],
    [new TimeoutError('database', 5, 'total'), 504, undefined],
  ])('%s', (error, statusCode, retryAfter) => {
    const answer = answerTo(error);
    expect(answer?.statusCode).toBe(statusCode);
    expect(answer?.headers['retry-after']).toBe(retryAfter);
    expect(JSON.parse(answer?.body ?? '')).toEqual({ error: expect.any(String), code: error.code });
    expect(answer?.body).not.toContain('database');
  });

  it.each([
    new InvalidOptionsError('', 'x', []),
    new Error('x'),
    'CIRCUIT_OPEN',
    { code: 'CIRCUIT_OPEN' },
    null,
    undefined,
  ])('has none for %s', (error) => expect(answerTo(error)).toBeUndefined());
});
