import { describe, expect, it } from 'vitest';
import { checkQuery, normalQuery, queryType } from '../../../src/slo/promql/check.ts';
import { fc } from '../../fast-check.ts';
import { skipWithoutPrometheus } from '../../prometheus/support.ts';
import { mutatedQuery, query } from './arbitraries.ts';
import { refusedByPromtool } from './promtool.ts';

/** Queries as people write them: from sloth's examples, the Kubernetes mixin and handbooks. */
const common = [
  'sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))',
  'sum(rate(http_request_duration_seconds_count{job="myservice"}[{{ .window }}]))',
  '1 - (sum(rate(apiserver_request_total{code=~"(5..|429)"}[{{.window}}])) / sum(rate(apiserver_request_total[{{.window}}])))',
  `(
    sum(rate(apiserver_request_duration_seconds_count{verb!="WATCH"}[{{.window}}]))
    -
    sum(rate(apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))
  )`,
  'sum_over_time((wifi_client_satisfaction_rating{} <bool 75)[{{.window}}:]) / count_over_time(wifi_client_satisfaction_rating{}[{{.window}}])',
  '(sum(rate(errors_total{job="a"}[{{.window}}])) or on() vector(0)) / sum(rate(requests_total[{{.window}}]))',
  'sum(rate(errors_total[{{.window}}])) or vector(0)',
  'sum by (cluster) (increase(requests_total{code!~"5..", path=~"/api/.*"}[{{.window}}])) > 0',
  'label_replace(sum(rate(a_total[{{.window}}])) by (instance), "host", "$1", "instance", "([^:]+):\\\\d+")',
  'histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[{{.window}}])))',
  'sum(rate(a_total[{{.window}}] offset 1d)) / sum(rate(b_total[{{.window}}] offset 1d))',
  'avg_over_time(probe_success{job="blackbox"}[{{.window}}])',
  '1 - avg_over_time((up == bool 1)[{{.window}}:30s])',
  'max_over_time(sum(rate(a_total[5m]))[{{.window}}:1m])',
  'a_total / b_total offset {{.window}}',
  '-a_total offset {{.window}} * 2 ^ -1',
  'sum(rate(a_total[{{.window}}])) * on (job) group_left (team) max by (job, team) (owner_info)',
  'count_over_time({__name__=~"http_.+", job="api"}[{{.window}}])',
  'sum(increase(a_total{handler!="", method=~`GET|POST`}[{{.window}}] @ end()))',
  'clamp_max(sum(rate(a_total[{{.window}}])) / scalar(sum(rate(b_total[{{.window}}]))), 1)',
  'sum(rate(a_total[{{.window}}])) # those that failed',
  'absent_over_time(up[{{.window}}]) or topk(3, rate(a_total[{{.window}}])) unless on (job) b_total',
  'scalar(sum(rate(a_total[{{.window}}])))',
  'delta(a[1y2w3d4h5m6s7ms]) + rate(b{job="ü"}[{{.window}}])',
];

describe('a query', () => {
  skipWithoutPrometheus();

  it('is accepted as people write them, and by promtool', async () => {
    for (const text of common) expect([text, checkQuery(text)]).toEqual([text, undefined]);
    expect(await refusedByPromtool(common)).toEqual([]);
  });

  it('that is accepted, promtool accepts', async () => {
    const queries = fc.sample(fc.oneof(query, mutatedQuery), { numRuns: 1500 });
    const accepted = queries.filter((text) => checkQuery(text) === undefined);
    expect(accepted.length).toBeGreaterThan(100);
    expect(await refusedByPromtool(accepted)).toEqual([]);
    expect(await refusedByPromtool(accepted.map((text) => `(${normalQuery(text)})`))).toEqual([]);
  });
});

describe('a query that is refused', () => {
  it.each([
    ['', 0, 'is empty'],
    ['# only a comment', 16, 'ends too early'],
    [
      'rate(a_total[5m])',
      0,
      'has no {{.window}}; write it for the range, as in rate(requests_total[{{.window}}])',
    ],
    ['a[{{.window}}]', 0, 'gives a range vector; it must give an instant vector or a scalar'],
    ['sum(rate(a[{{.window}}])', 24, 'ends too early'],
    ['rate(a[{{.Window}}])', 7, "has '{{.Window}}'; the only placeholder is {{.window}}"],
    ['rate(a[$__rate_interval])', 7, "has '$__rate_interval'; the only placeholder is {{.window}}"],
    ['rate(a[1{{.window}}])', 8, 'has {{.window}} where it is no duration of its own, as in [{{.window}}]'],
    [
      'rate(a{b="{{.window}}"}[{{.window}}])',
      10,
      'has {{.window}} where it is no duration of its own, as in [{{.window}}]',
    ],
    [
      'rate(a[{{.window}}]) + {{.window}}',
      23,
      'has {{.window}} where it is no duration of its own, as in [{{.window}}]',
    ],
    [
      'rate(a)',
      5,
      'gives rate() an instant vector; it takes a range vector, such as requests_total[{{.window}}]',
    ],
    [
      'rate(sum(a)[{{.window}}])',
      11,
      'has a range behind what is no selector of series; a subquery, such as [1h:], can',
    ],
    ['rate(a offset 5m[{{.window}}])', 16, 'has a range behind offset or @, which go behind it'],
    ['rate(a[{{.window}}]) offset 5m', 21, 'has offset behind what is no selector, range or subquery'],
    ['Rate(a[{{.window}}])', 0, "calls 'Rate'; it is written 'rate'"],
    ['percentile(a[{{.window}}])', 0, "calls 'percentile', which Prometheus 2.42 does not know"],
    ['mad_over_time(a[{{.window}}])', 0, "calls 'mad_over_time', which Prometheus 2.42 does not know"],
    [
      '1 + holt_winters(a[{{.window}}], 0.5, 0.5)',
      4,
      "calls 'holt_winters', which Prometheus 3 no longer has",
    ],
    ['clamp(rate(a[{{.window}}]), 1)', 0, 'calls clamp() with 2 arguments; it takes 3'],
    ['topk(rate(a[{{.window}}]))', 0, 'gives topk 1 arguments; it takes 2'],
    ['topk("5", rate(a[{{.window}}]))', 5, 'gives topk a string; it takes a scalar'],
    [
      'rate(a[{{.window}}]) and 1',
      21,
      "has a scalar beside 'and', which takes vectors; put vector() around it",
    ],
    ['rate(a[{{.window}}]) + bool 1', 21, "has bool behind '+', no comparison"],
    ['rate(a[{{.window}}]) * (1 > 2)', 26, "compares two scalars; write '> bool'"],
    ['rate(a[{{.window}}]) + on (job) 1', 21, 'has on beside a scalar; it is for two vectors'],
    ['rate(a[{{.window}}]) * on (b) group_left (b) c', 21, "has the label 'b' in both on and group"],
    [
      'rate(a[{{.window}}]) or on (b) group_left () c',
      21,
      "has group_left or group_right behind 'or', which matches many to many",
    ],
    [
      'rate({b=~".*"}[{{.window}}])',
      5,
      'selects all series: one matcher at least must not match an empty label',
    ],
    ['rate(a{__name__="b"}[{{.window}}])', 7, 'names the metric twice, before the braces and in them'],
    ['rate(sum[{{.window}}])', 5, `uses the word 'sum' as a metric's name; write {__name__="sum"}`],
    [
      'rate(a{b=~"(?!c)"}[{{.window}}])',
      10,
      'has a regular expression that cannot be used: invalid or unsupported Perl syntax: `(?!`; RE2 has no look-around',
    ],
    [
      'rate(a{b=~"\\d+"}[{{.window}}])',
      11,
      "has the escape '\\d' that strings of PromQL do not know; a backslash itself is \\\\",
    ],
    ['rate(a{b="c}[{{.window}}])', 9, 'has a string without its closing "'],
    [
      'rate(a{"b"="c"}[{{.window}}])',
      7,
      'has a name in quotes in a selector, which Prometheus 2.42 does not read',
    ],
    ['rate(a[{{.window}}]) + rate(a[0s])', 30, 'has a duration of 0'],
    ['rate(a[{{.window}}]) + rate(a[5])', 30, 'has 5 where a duration with a unit goes, such as 5s'],
    [
      'rate(a[{{.window}}]) + rate(a[5m1h])',
      30,
      "has '5m1h' where a duration goes, such as 5m or 1h30m, with the larger units first",
    ],
    ['rate(a[{{.window}}]) + rate(a[300y])', 30, 'has the duration 300y, which is too long'],
    [
      'rate(a[{{.window}}]) > 5m',
      23,
      'has the duration 5m where Prometheus 2.42 takes only a number; write it in seconds',
    ],
    ['rate(a[{{.window}}]) > 5and b', 23, "has '5and', where a space is missing"],
    ['rate(a[{{.window}}])\u00a0+ 1', 20, "has '\u00a0' outside of a string"],
    ['rate(a{b="\u0000"}[{{.window}}])', 10, 'has a control character, or half of one character'],
    [
      'label_replace(rate(a[{{.window}}]), "b c", "", "", "")',
      36,
      "gives label_replace() 'b c', which is no label's name",
    ],
    [`${'('.repeat(150)}rate(a[{{.window}}])${')'.repeat(150)}`, 101, 'nests deeper than 100 levels'],
    [`rate(a[{{.window}}]) + ${'a'.repeat(5000)}`, 5000, 'is longer than 5000 characters'],
  ])('%s', (text, offset, message) => {
    expect(checkQuery(text)).toEqual({ message, offset });
  });

  it('costs little, however hostile', () => {
    const started = performance.now();
    for (const part of [
      '(',
      '[',
      '{',
      '-',
      'a+',
      'a^',
      'sum(',
      'by ',
      '"',
      '{{',
      'a[',
      '1',
      '#\n',
      'a=~"(a*)*"',
      'x{',
    ]) {
      const text = part.repeat(Math.floor(4900 / part.length));
      expect(checkQuery(text)?.message).toEqual(expect.any(String));
      normalQuery(text);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the type of a query', () => {
  it.each([
    ['sum(rate(a[{{.window}}]))', 'instant vector'],
    ['scalar(sum(rate(a[{{.window}}])))', 'scalar'],
    ['1 - scalar(rate(a[{{.window}}]))', 'scalar'],
    ['1 > rate(a[{{.window}}])', 'instant vector'],
    ['rate(a)', undefined],
  ])('%s', (text, type) => {
    expect(queryType(text)).toBe(type);
  });
});

describe('a query for rules', () => {
  it('has no comments, no space around it, and one spelling of the placeholder', () => {
    const text = '\n# of {{.window}}\nsum(rate(a{b="#c"}[{{ .window }}])) # bad\n/ b # all';
    expect(normalQuery(text)).toBe('sum(rate(a{b="#c"}[{{.window}}]))\n/ b');
  });
});
