import { describe, expect, test } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { parseOptions } from '../../../src/core/options.ts';
import { type SloObjectives, type SloOptions, sloOptions } from '../../../src/slo/live/options.ts';
import { DEFAULT_PERIOD_MS } from '../../../src/slo/windows.ts';

function parse(input: unknown): SloObjectives {
  return parseOptions(sloOptions, input, 'database', 'Options');
}

function problems(input: unknown) {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
  throw new Error('expected the options to be refused');
}

const defaults = { periodMs: DEFAULT_PERIOD_MS, minimumBadEvents: 5, freezeBelow: 0.1 };

describe('slo options', () => {
  test('objectives in full and in short are the same', () => {
    const short: SloOptions = { availability: 0.999, correctness: 0.9999 };
    const full: SloOptions = { availability: { objective: 0.999 }, correctness: { objective: 0.9999 } };
    expect(parse(short)).toEqual({ ...defaults, availability: 0.999, correctness: 0.9999 });
    expect(parse(full)).toEqual(parse(short));
  });

  test('latency has a threshold', () => {
    const given: SloOptions = { latency: { objective: 0.99, thresholdMs: 200 }, periodMs: 604_800_000 };
    expect(parse(given)).toEqual({ ...defaults, ...given });
  });

  test('the period is 30 days', () => {
    expect(parse({}).periodMs).toBe(2_592_000_000);
  });

  test('five bad events are more than an accident, and a tenth of the budget is kept for them', () => {
    expect(parse({})).toEqual(defaults);
    const given: SloOptions = { minimumBadEvents: 1, freezeBelow: 0 };
    expect(parse(given)).toEqual({ ...defaults, ...given });
  });

  test.each([
    [{ availability: 1 }, 'availability', /above 0 and below 1/],
    [{ availability: 0 }, 'availability', /above 0 and below 1/],
    [{ availability: 99.9 }, 'availability', /not 99\.9$/],
    [{ availability: Number.NaN }, 'availability', /not NaN$/],
    [{ availability: '0.999' }, 'availability', /not '0\.999'$/],
    [{ availability: null }, 'availability', /not null$/],
    [{ correctness: { objective: 2 } }, 'correctness.objective', /above 0 and below 1/],
    [{ correctness: { objectve: 0.9 } }, 'correctness.objective', /above 0/],
    [{ latency: 0.99 }, 'latency', /\{ objective, thresholdMs \}/],
    [{ latency: { objective: 0.99 } }, 'latency.thresholdMs', /milliseconds/],
    [{ latency: { objective: 0.99, thresholdMs: 0 } }, 'latency.thresholdMs', /above 0/],
    [{ periodMs: Number.POSITIVE_INFINITY }, 'periodMs', /not Infinity$/],
    [{ minimumBadEvents: 0 }, 'minimumBadEvents', /whole number, 1 or more, not 0$/],
    [{ minimumBadEvents: 2.5 }, 'minimumBadEvents', /whole number/],
    [{ freezeBelow: 1.1 }, 'freezeBelow', /from 0 to 1, not 1\.1$/],
    [{ freezeBelow: -0.1 }, 'freezeBelow', /from 0 to 1/],
    [{ freezeBelow: Number.NaN }, 'freezeBelow', /not NaN$/],
    [{ availabilty: 0.9 }, 'availabilty', /did you mean 'availability'/],
    [0.999, '', /options object/],
  ])('%j is refused by path', (input, path, message) => {
    const problem = problems(input).find((candidate) => candidate.path === path);
    expect(problem?.message).toMatch(message);
  });

  test('all that is wrong is told at once', () => {
    const paths = problems({
      availability: 2,
      latency: { objective: 0, thresholdMs: -1 },
      periodMs: 'x',
    }).map(({ path }) => path);
    expect(paths.toSorted()).toEqual([
      'availability',
      'latency.objective',
      'latency.thresholdMs',
      'periodMs',
    ]);
  });
});
