import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { writeSpec } from '../../../src/slo/spec/write.ts';
import { fc } from '../../fast-check.ts';
import { arbitrarySpec } from './arbitraries.ts';

describe('writeSpec()', () => {
  it('writes what readSpec() reads as the same spec', () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        expect(readSpec(writeSpec(spec))).toEqual(spec);
      }),
      { numRuns: 150 },
    );
  });

  const text = `# Service level objectives, for the command \`breakwater slo\`.
version: breakwater/v1
service: shop
period: 28d
selector: { job: shop }
labels: { team: "EU payments" }
runbook: https://runbooks.example.com/{policy}/{sli}?slo={slo}

# Objectives of policies, by policy and indicator.
policies:
  my-database:
    availability: 99.9%
    latency: { objective: 99%, threshold: 200ms }
    correctness:
      objective: 99.99%
      description: "Values are: live."
      silence: [page]
  quotes:
    availability: 99.5%
    period: 7d
    labels: { tier: "2" }

# Objectives of what is no policy, by PromQL.
slos:
  checkout:
    sli: availability
    objective: 99.5%
    total: |-
      sum(
        rate(http_requests_total[{{.window}}])
      )
    good: sum(rate(http_requests_total{code!~"5.."}[{{.window}}]))

# When alerts fire; comments are the defaults.
# alerts: { minimumBadEvents: 5, atRisk: 10%, missingData: 10m, page: { severity: page }, ticket: { severity: ticket } }
breakers: false
# periodEvaluation: 5m
`;

  it('writes as a person would', () => {
    expect(writeSpec(readSpec(text))).toBe(text);
  });

  it('puts lines at its head as comments, whatever they quote', () => {
    const written = writeSpec(readSpec(text), { head: ['a.yaml:1:2 first', 'b\nperiod: 1d'] });
    expect(written.split('\n').slice(1, 4)).toEqual([
      '# a.yaml:1:2 first',
      '# b\\u000aperiod: 1d',
      'version: breakwater/v1',
    ]);
    expect(readSpec(written)).toEqual(readSpec(text));
  });

  it('refuses what the own format has no words for', () => {
    const spec = readSpec(text);
    const [first, latency] = spec.slos;
    if (first === undefined || latency === undefined) throw new Error('The spec has lost its objectives.');
    const { thresholdMs: _, ...withoutThreshold } = latency;
    const given: SloSpec = {
      ...spec,
      slos: [first, { ...first, name: 'other' }, { ...first, policy: 'a', name: 'b' }, withoutThreshold],
    };
    expect(() => writeSpec(given)).toThrow(InvalidOptionsError);
    expect(() => writeSpec(given)).toThrow(
      [
        'The spec cannot be written as breakwater/v1:',
        "  slos[1]: is a second objective for availability of policy 'my-database'",
        "  slos[2]: is a second objective for availability of policy 'my-database'",
        '  slos[3]: has no threshold',
      ].join('\n'),
    );
    const renamed = { ...spec, slos: [{ ...first, name: 'other' }] };
    expect(() => writeSpec(renamed)).toThrow(
      "slos[0]: measures policy 'my-database', and so must be named 'my-database-availability'",
    );
  });
});
