import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines } from '../../src/core/deadlines.ts';
import { Deadline } from '../../src/core/scope.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Alarm extends Deadline {
  readonly #onExpire: () => void;

  constructor(onExpire: () => void) {
    super();
    this.#onExpire = onExpire;
  }

  override expire(): void {
    this.#onExpire();
  }
}

test('one deadline that throws does not keep the others from expiring', () => {
  const deadlines = new Deadlines();
  const expired = vi.fn();
  const broken = new Alarm(() => {
    throw new Error('broken');
  });
  deadlines.arm(broken, 5, performance.now());
  deadlines.arm(new Alarm(expired), 50, performance.now());
  expect(() => vi.advanceTimersByTime(20)).toThrow('broken');
  expect(expired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60);
  expect(expired).toHaveBeenCalledTimes(1);
  expect(deadlines.hasTimer).toBe(false);
});
