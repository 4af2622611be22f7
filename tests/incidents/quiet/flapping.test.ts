import { describe, expect, it } from 'vitest';
import { FlapDetector } from '../../../src/incidents/quiet/flapping.ts';
import { fc } from '../../fast-check.ts';

const nagios = { start: 0.3, stop: 0.2 };

/** The published rule, written down once more: 21 states, weights from 0.8 to 1.2 over 20 changes. */
function expectedRate(states: readonly boolean[]): number {
  const latest = [...Array.from({ length: 21 }, () => true), ...states].slice(-21);
  const weights = latest.slice(1).map((state, at) => (state === latest[at] ? 0 : 0.8 + (0.4 * at) / 19));
  return weights.reduce((sum, weight) => sum + weight, 0) / 20;
}

describe('FlapDetector', () => {
  it('weighs the latest change at 1.2 and the oldest at 0.8 of a twentieth', () => {
    const detector = new FlapDetector(nagios);
    detector.observe(false);
    expect(detector.changeRate).toBeCloseTo(1.2 / 20, 10);
    detector.observe(false, 19);
    expect(detector.changeRate).toBeCloseTo(0.8 / 20, 10);
    detector.observe(false);
    expect(detector.changeRate).toBe(0);
  });

  it('gives 1 where every state differs from the one before', () => {
    const detector = new FlapDetector(nagios);
    for (let n = 0; n < 21; n += 1) detector.observe(n % 2 === 0);
    expect(detector.changeRate).toBeCloseTo(1, 10);
  });

  it('agrees with the published rule, and starts and stops with a gap between', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 80 }), (states) => {
        const detector = new FlapDetector(nagios);
        let flaps = false;
        for (const [at, state] of states.entries()) {
          const changed = detector.observe(state);
          const rate = expectedRate(states.slice(0, at + 1));
          expect(detector.changeRate).toBeCloseTo(rate, 10);
          const before = flaps;
          if (rate >= nagios.start + 1e-9) flaps = true;
          else if (rate <= nagios.stop - 1e-9) flaps = false;
          if (Math.abs(rate - nagios.start) < 1e-9 || Math.abs(rate - nagios.stop) < 1e-9)
            flaps = detector.isFlapping;
          expect(detector.isFlapping).toBe(flaps);
          expect(changed).toBe(flaps !== before);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('settles within 21 equal states whatever was before', () => {
    const detector = new FlapDetector(nagios);
    for (let n = 0; n < 40; n += 1) detector.observe(n % 2 === 0);
    expect(detector.isFlapping).toBe(true);
    detector.observe(true, 1_000_000);
    expect(detector.isFlapping).toBe(false);
  });
});
