import { describe, expect, it } from 'vitest';
import { countedBy } from '../../../src/slo/promql/counted.ts';

describe('what a query counts', () => {
  it.each([
    ['sum(rate(a[{{.window}}]))', 'rate'],
    ['sum(increase(a{code=~"5.."}[{{ .window }}])) # of all', 'increase'],
    ['sum by (code) (rate(a[{{.window}}]))', 'rate'],
    ['SUM(rate(a[{{.window}}])) by (code)', 'rate'],
    ['rate(a[{{.window}}])', 'rate'],
    ['(sum(rate(a[{{.window}}] offset 1m)))', 'rate'],
    ['sum(rate(a[{{.window}}])) + sum(rate(b[{{.window}}])) - sum(rate(c[{{.window}}]))', 'rate'],
    ['sum(rate(a[{{.window}}])) or vector(0)', 'rate'],
    ['sum(rate(a[{{.window}}])) + on () sum(rate(b[{{.window}}]))', 'rate'],
  ])('is known of %s', (query, counted) => {
    expect(countedBy(query)).toBe(counted);
  });

  it.each([
    'sum(rate(a[5m]))',
    'sum(rate(a[{{.window}}])) + sum(increase(b[{{.window}}]))',
    'sum(rate(a[{{.window}}])) * 60',
    'sum(rate(a[{{.window}}])) or vector(1)',
    '1 + sum(rate(a[{{.window}}]))',
    'avg(rate(a[{{.window}}]))',
    'sum(irate(a[{{.window}}]))',
    'sum(rate(a[{{.window}}:1m]))',
    'sum(count_over_time(a[{{.window}}]))',
    'sum(rate(a[{{.window}}])) / sum(rate(b[{{.window}}]))',
    'sum(max_over_time(rate(a[5m])[{{.window}}:1m]))',
    'sum(rate(a[{{.window}}])) > 1',
    'a',
    '',
    'sum(',
  ])('is not known of %s', (query) => {
    expect(countedBy(query)).toBeUndefined();
  });
});
