import { type Sli, slis } from '../../../src/metrics/sli.ts';
import type { Indicator, RuleLabels, Slo, SloSpec } from '../../../src/slo/spec/model.ts';
import { sloNameOf } from '../../../src/slo/spec/own-format.ts';
import { ruleLabelNames, seriesLabelNames } from '../../../src/slo/spec/shapes.ts';
import { writeSpec } from '../../../src/slo/spec/write.ts';
import { fc } from '../../fast-check.ts';

/*
 * Specs that are valid, however odd, for all who make something of them: names and texts with what YAML, PromQL, Go
 * templates, regular expressions and JSON take for their own, and numbers at the ends of their ranges.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const hostilePieces = fc.constantFrom(
  '"',
  "'",
  '`',
  '\\',
  '\\n',
  '#',
  ' # ',
  ': ',
  '- ',
  '? ',
  '{',
  '}',
  '[',
  ',',
  '&a',
  '*a',
  '!tag',
  '|',
  '>',
  '%',
  '@',
  '~',
  '{{',
  '}}',
  '{{ $value }}',
  '{{.window}}',
  '$policy',
  '\u0024{x}',
  '[[1]]',
  '.*',
  '(',
  '</b>',
  '__proto__',
  'constructor',
  'null',
  'yes',
  '1e3',
  '0',
  ' ',
  'é',
  '数据库',
  '\u{1f600}',
  '\u{feff}',
  '\u{202e}',
  '\u{2028}',
  '\u{200b}',
);

function withoutControlCharacters(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text);
}

const plainName = fc.constantFrom(
  'database',
  'quotes',
  'payments-api',
  'a',
  'orders_v2',
  'user.search',
  'EU West',
);
const hostileName = fc
  .oneof(
    fc.array(hostilePieces, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom('__proto__', 'constructor', '5', '-', '.', '<<', 'x'.repeat(128)),
  )
  .filter((name) => name.length <= 128 && withoutControlCharacters(name));

/** A name of a policy, a service or an objective: 1 to 128 characters, none of them a control character. */
export const arbitraryName: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: plainName },
  { weight: 1, arbitrary: hostileName },
);

const description = fc.oneof(
  plainName,
  hostileName,
  fc.constant('Two lines,\n\tthe second with a tab.\n'),
  fc.constant('  spaces around  '),
);

/** Labels as a spec may have them, none of them in `reserved`. */
function labelsWithout(reserved: readonly string[]): fc.Arbitrary<RuleLabels> {
  const name = fc
    .oneof(
      fc.constantFrom('team', 'tier', 'job', 'instance', 'env', 'constructor', '_x', 'toString'),
      fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/),
    )
    .filter((text) => !text.startsWith('__') && !reserved.includes(text));
  return fc.dictionary(name, arbitraryName, { maxKeys: 3, noNullPrototype: true });
}

const ruleLabels = labelsWithout(ruleLabelNames);
const selector = labelsWithout(seriesLabelNames);

/** An objective: mostly such as people choose, and now and then any number above 0 and below 1. */
export const arbitraryObjective: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 99_999 }).map((n) => n / 100_000) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }) },
);

/** A budget's period: from an hour to a year, in whole minutes. */
export const arbitraryPeriodMs: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(7, 28, 30, 90).map((days) => days * DAY_MS) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 6, 24, 72).map((hours) => hours * HOUR_MS) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 366 * 24 * 60 }).map((minutes) => minutes * MINUTE_MS) },
);

const thresholdMs = fc.oneof(
  fc.constantFrom(5, 200, 250, 1_000, 90_000),
  fc.integer({ min: 1, max: 366 * DAY_MS }),
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
);

const seconds = (max: number) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: Math.floor(max / 60) }).map((n) => n * MINUTE_MS) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max }).map((n) => n * 1_000) },
  );

const share = fc.oneof(
  fc.constantFrom(0.1, 0.25, 0.5),
  fc.integer({ min: 1, max: 999 }).map((n) => n / 1_000),
);

/** Queries that `checkQuery` accepts, without comments or space around them. */
export const arbitraryQuery: fc.Arbitrary<string> = fc.constantFrom(
  'sum(rate(http_requests_total[{{.window}}]))',
  'sum(rate(http_requests_total{code!~"5.."}[{{.window}}]))',
  'sum(increase(jobs_total{state=\'done\', queue="a # b: c"}[{{.window}}]))',
  'sum(rate(a_total{path="\\\\d+/\\"x\\""}[{{.window}}])) or vector(0)',
  'sum by (job) (rate(a_total[{{.window}}]))\n  /\nsum by (job) (rate(b_total[{{.window}}]))',
  '1 - avg_over_time(up{job="shop"}[{{.window}}])',
);

const runbook = fc.oneof(
  fc.constantFrom(
    'https://runbooks.example.com/database',
    'http://wiki.example.com/a?b=c&d=%20#x:y',
    'https://x.test',
  ),
  arbitraryName.map((name) => `https://runbooks.example.com/${encodeURIComponent(name)}/availability`),
);

const details = fc.record(
  {
    description,
    runbook,
    objective: arbitraryObjective,
    periodMs: arbitraryPeriodMs,
    labels: ruleLabels,
    silenced: fc.subarray<'page' | 'ticket'>(['page', 'ticket']),
  },
  { requiredKeys: ['objective', 'periodMs', 'labels', 'silenced'], noNullPrototype: true },
);

function policySlo(policy: string, sli: Sli): fc.Arbitrary<Slo> {
  const slo = details.map((given) => ({
    ...given,
    name: sloNameOf(policy, sli),
    policy,
    sli,
    indicator: { kind: 'policy' as const, policy, sli },
  }));
  return sli === 'latency'
    ? fc.tuple(slo, thresholdMs).map(([given, ms]) => ({ ...given, thresholdMs: ms }))
    : slo;
}

const indicator: fc.Arbitrary<Indicator> = fc.oneof(
  fc.record(
    { kind: fc.constant('events' as const), total: arbitraryQuery, good: arbitraryQuery },
    { noNullPrototype: true },
  ),
  fc.record(
    { kind: fc.constant('events' as const), total: arbitraryQuery, bad: arbitraryQuery },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('ratio' as const), badRatio: arbitraryQuery }, { noNullPrototype: true }),
);

function eventSlo(name: string): fc.Arbitrary<Slo> {
  const sli = fc.oneof(fc.constantFrom('availability', 'latency', 'freshness'), arbitraryName);
  const policy = fc.oneof(fc.constant(name), arbitraryName);
  return fc
    .tuple(details, indicator, sli, policy)
    .map(([given, events, word, label]) => ({ ...given, name, policy: label, sli: word, indicator: events }));
}

/** Names in the order in which a JavaScript object keeps them: those that look like indices first. */
function inKeyOrder(names: readonly string[]): string[] {
  return Object.keys(Object.fromEntries(names.map((name) => [name, true])));
}

const slos: fc.Arbitrary<readonly Slo[]> = fc
  .tuple(
    fc.uniqueArray(arbitraryName, { maxLength: 3 }),
    fc.uniqueArray(arbitraryName, { maxLength: 2 }),
    fc.array(fc.subarray<Sli>([...slis], { minLength: 1 }), { minLength: 3, maxLength: 3 }),
  )
  .map(([policies, events, subsets]) => {
    const ofPolicies = inKeyOrder(policies).flatMap((policy, at) =>
      (subsets[at] ?? slis).map((sli: Sli) => ({ policy, sli, name: sloNameOf(policy, sli) })),
    );
    const others = events.filter((name) => ofPolicies.every((slo) => slo.name !== name));
    return { ofPolicies, others: inKeyOrder(others) };
  })
  .filter(({ ofPolicies, others }) => ofPolicies.length + others.length > 0)
  .chain(({ ofPolicies, others }) =>
    fc.tuple(...ofPolicies.map(({ policy, sli }) => policySlo(policy, sli)), ...others.map(eventSlo)),
  );

/** A valid spec, as `readSpec` gives it. Objectives are in the order of the own format: policies first. */
export const arbitrarySpec: fc.Arbitrary<SloSpec> = fc.record(
  {
    service: arbitraryName,
    labels: ruleLabels,
    selector,
    slos,
    alerts: fc.record(
      {
        minimumBadEvents: fc.oneof(fc.constant(5), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
        atRiskRemaining: share,
        missingDataMs: seconds(3_599),
        pageLabels: fc
          .tuple(arbitraryName, ruleLabels)
          .map(([severity, others]) => ({ ...others, severity })),
        ticketLabels: fc
          .tuple(arbitraryName, ruleLabels)
          .map(([severity, others]) => ({ ...others, severity })),
      },
      { noNullPrototype: true },
    ),
    breakers: fc.oneof(
      { weight: 1, arbitrary: fc.constant(false as const) },
      {
        weight: 3,
        arbitrary: fc.record(
          {
            openForMs: seconds(100_000),
            flappingOpenings: fc.integer({ min: 2, max: 1_000 }),
            flappingWindowMs: fc.integer({ min: 1, max: 1_000 }).map((n) => n * MINUTE_MS),
            budgetSpentForMs: seconds(100_000),
            fallbackForMs: seconds(100_000),
            fallbackShare: fc.oneof(share, fc.constant(1)),
          },
          { noNullPrototype: true },
        ),
      },
    ),
    periodEvaluationMs: seconds(3_599),
  },
  { noNullPrototype: true },
);

/** What breaks a text, or changes what it says. */
const fragments = fc.oneof(
  { weight: 3, arbitrary: hostilePieces },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '\n',
      '\r\n',
      '\t',
      '  ',
      '---\n',
      '...\n',
      '\0',
      '\ud83d',
      '\u{7f}',
      '%YAML 1.1\n',
      '&a ',
      '*a',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '.inf',
      '.nan',
      '-1',
      '1e400',
      '99.9',
      '100%',
      '0x10',
      '5m',
      '1y',
      '[]',
      '{}',
      "''",
      '*x',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

type Mutation = (text: string) => string;

/** A cut of any length, with something else in its place. */
const splice: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(1_000_000), fc.oneof(fc.nat(5), fc.nat(400)), fc.oneof(fc.constant(''), fragments))
  .map(([at, length, replacement]) => (text) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + replacement + text.slice(from + length);
  });

/** A line that is dropped, doubled, moved, or stands further in or out. */
const lines: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(10_000), fc.nat(10_000), fc.constantFrom('drop', 'double', 'move', 'in', 'out', 'cut'))
  .map(([at, to, change]) => (text) => {
    const all = text.split('\n');
    const index = at % all.length;
    const line = all[index] ?? '';
    if (change === 'cut') return all.slice(0, index).join('\n');
    if (change === 'in') all[index] = `  ${line}`;
    else if (change === 'out') all[index] = line.replace(/^ {1,2}/, '');
    else if (change === 'double') all.splice(to % all.length, 0, line);
    else {
      all.splice(index, 1);
      if (change === 'move') all.splice(to % (all.length + 1), 0, line);
    }
    return all.join('\n');
  });

/** The value behind one key, replaced. */
const values: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(10_000), fragments)
  .map(([at, replacement]) => (text) => {
    const found = [...text.matchAll(/: ([^\n,}]+)/g)];
    const match = found[at % Math.max(1, found.length)];
    if (match === undefined) return text;
    return `${text.slice(0, match.index)}: ${replacement}${text.slice(match.index + match[0].length)}`;
  });

/** One key with the name of another. */
const keys: fc.Arbitrary<Mutation> = fc.tuple(fc.nat(10_000), fc.nat(10_000)).map(([at, other]) => (text) => {
  const found = [...text.matchAll(/([^\s{,:]+):/g)];
  const match = found[at % Math.max(1, found.length)];
  const name = found[other % Math.max(1, found.length)]?.[1];
  if (match === undefined || name === undefined) return text;
  return `${text.slice(0, match.index)}${name}:${text.slice(match.index + match[0].length)}`;
});

/** `text` with one to three changes of bytes, lines, values and keys. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const mutations = fc.array(fc.oneof(splice, lines, values, keys), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(text, mutations)
    .map(([given, all]) => all.reduce((changed, mutate) => mutate(changed), given));
}

/** A file that was a spec of the own format, before it was damaged. */
export const arbitraryText: fc.Arbitrary<string> = mutated(arbitrarySpec.map((spec) => writeSpec(spec)));
