import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../../src/slo/index.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';

const adviceFor = (...lines: readonly string[]) =>
  adviceOn(readSpec(['version: breakwater/v1', ...lines].join('\n')));

describe('adviceOn()', () => {
  it('says which series rules without a selector count, and what to write', () => {
    expect(
      adviceFor(
        'service: "EU shop"',
        'policies:',
        '  database: { availability: 99.9% }',
        '  search: { availability: 99% }',
      ),
    ).toEqual([
      `there is no selector: the rules count all breakwater_ series of the policies 'database', 'search', whatever service they are of; write selector: { job: "EU shop" }, the labels that the series of "EU shop" have and no others`,
    ]);
  });

  it('names the first of many policies', () => {
    const policies = Array.from({ length: 7 }, (_, at) => `  p${at}: { availability: 99% }`);
    const [advice = ''] = adviceFor('service: shop', 'policies:', ...policies);
    expect(advice).toContain("policies 'p0', 'p1', 'p2', 'p3', 'p4' and 2 more, whatever");
  });

  it('is silent where there is a selector, or no policy', () => {
    const policies = ['policies:', '  database: { availability: 99.9% }'];
    expect(adviceFor('service: shop', 'selector: { job: shop }', ...policies)).toEqual([]);
    expect(
      adviceFor(
        'service: shop',
        'slos:',
        '  checkout: { objective: 99%, badRatio: "avg_over_time(bad[{{.window}}])" }',
      ),
    ).toEqual([]);
  });

  it('names objectives that are stricter than the availability of their policy, with both figures', () => {
    const advice = adviceFor(
      'service: shop',
      'selector: { job: shop }',
      'policies:',
      '  database:',
      '    availability: 99%',
      '    latency: { objective: 99.5%, threshold: 200ms }',
      '    correctness: 99.99%',
      '  search:',
      '    availability: 99.9%',
      '    latency: { objective: 99.9%, threshold: 200ms }',
      '    correctness: 99%',
      '  mail:',
      '    correctness: 99.99%',
    );
    expect(advice).toEqual(
      [
        ['latency', '99.5%'],
        ['correctness', '99.99%'],
      ].map(
        ([sli, objective]) =>
          `policy 'database': ${sli} (${objective}) is stricter than availability (99%); a failed call is bad in both, so an outage burns the budget of ${sli} first and alerts on it before it alerts on availability`,
      ),
    );
  });
});
