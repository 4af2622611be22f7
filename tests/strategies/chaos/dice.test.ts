import { describe, expect, test } from 'vitest';
import { type Draw, draw, SPARED } from '../../../src/strategies/chaos/dice.ts';
import { type ChaosOptions, chaosSchema } from '../../../src/strategies/chaos/options.ts';

/** Dice that show these, one after the other. */
function dice(...shown: unknown[]): () => unknown {
  return () => {
    if (shown.length === 0) throw new Error('thrown more often than foreseen');
    return shown.shift();
  };
}

function drawn(options: ChaosOptions, ...shown: unknown[]): Draw {
  return Reflect.apply(draw, undefined, [chaosSchema.parse(options), dice(...shown)]);
}

describe('the dice', () => {
  test('spare an attempt that nothing comes up for', () => {
    expect(drawn({ error: { rate: 0.5 }, abort: { rate: 0.5 } }, 0.5, 0.5)).toBe(SPARED);
  });

  test('give a fault below its rate, and not at it', () => {
    expect(drawn({ error: { rate: 0.5 } }, 0.499)).toEqual({ latencyMs: 0, ending: 'error' });
    expect(drawn({ error: { rate: 0.5 } }, 0.5)).toBe(SPARED);
  });

  test('always come up at rate 1, and never at rate 0', () => {
    expect(drawn({ error: { rate: 1 } }, 0.999_999)).toEqual({ latencyMs: 0, ending: 'error' });
    expect(drawn({ error: { rate: 0 } }, 0)).toBe(SPARED);
  });

  test('take the first of error, abort and result', () => {
    const options: ChaosOptions = {
      error: { rate: 0.1 },
      abort: { rate: 0.2 },
      result: { rate: 0.3, result: () => 0 },
    };
    expect(drawn(options, 0.05).ending).toBe('error');
    expect(drawn(options, 0.15, 0.15).ending).toBe('abort');
    expect(drawn(options, 0.5, 0.5, 0.25).ending).toBe('result');
  });

  test('give latency beside another fault, anywhere between its bounds', () => {
    const latency = { rate: 0.5, minMs: 100, maxMs: 300 };
    expect(drawn({ latency }, 0.1, 0.25)).toEqual({ latencyMs: 150, ending: undefined });
    expect(drawn({ latency, error: { rate: 0.5 } }, 0.1, 0, 0.1)).toEqual({
      latencyMs: 100,
      ending: 'error',
    });
    expect(drawn({ latency: { rate: 0.5, ms: 70 } }, 0.1)).toEqual({ latencyMs: 70, ending: undefined });
    expect(drawn({ latency }, 0.5)).toBe(SPARED);
  });

  test.each([Number.NaN, -0.1, 1.1, 'often', undefined])('take no %s for chance', (rubbish) => {
    expect(() => drawn({ error: { rate: 1 } }, rubbish)).toThrow(/random gave .* expected a number/);
  });
});
