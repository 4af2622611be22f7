import { describe, expect, it } from 'vitest';
import { AnswerTimes } from '../../../src/strategies/failover/answer-times.ts';

function after(...answers: readonly number[]): number {
  const times = new AnswerTimes();
  for (const ms of answers) times.add(ms);
  return times.usualMs;
}

describe('how long answers usually take', () => {
  it('is not known before the first', () => {
    expect(after()).toBe(0);
  });

  it('is what RFC 6298 computes', () => {
    // SRTT = R, RTTVAR = R / 2; then a quarter and an eighth of what is new.
    expect(after(100)).toBe(100 + 4 * 50);
    expect(after(100, 200)).toBeCloseTo(112.5 + 4 * 62.5);
  });

  it('nears what does not vary, and follows what changes', () => {
    expect(after(...Array(60).fill(20))).toBeCloseTo(20, 1);
    expect(after(...Array(60).fill(20), ...Array(60).fill(80))).toBeGreaterThan(80);
  });

  it('is not changed by a clock that went back', () => {
    expect(after(100, -5, Number.NaN)).toBe(after(100));
  });
});
