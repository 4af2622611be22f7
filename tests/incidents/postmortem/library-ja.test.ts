import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ErrorTally } from '../../../src/core/error-tally.ts';
import { decide } from '../../../src/incidents/commands/decide.ts';
import { type SeverityFacts, severityByImpact } from '../../../src/incidents/incident/severity.ts';
import { messages } from '../../../src/incidents/messages.ts';
import { libraryJapanese } from '../../../src/incidents/postmortem/library-ja.ts';
import { postmortem } from '../../../src/incidents/postmortem/postmortem.ts';
import { circuitBreakerSchema } from '../../../src/strategies/circuit-breaker/options.ts';
import { judgeProbes, whyTrip } from '../../../src/strategies/circuit-breaker/thresholds.ts';
import { sampleIncident } from '../sample.ts';

/*
 * The English stands here nowhere: it is asked of the code that words it, so that a change of its words fails here and
 * the Japanese follows.
 */

const facts: SeverityFacts = {
  policy: 'quotes',
  criticality: 'high',
  fallback: 'none',
  trigger: 'circuit',
  circuitOpen: true,
  calls: 0,
  served: 0,
  hurt: 0,
  hurtShare: undefined,
  burn: { alert: 'none', highestRate: 0, exhausted: false },
  ageMs: 0,
};

describe('the default severity rule in Japanese', () => {
  const none = facts.burn;
  it.each<[Partial<SeverityFacts>, string]>([
    [{}, '「quotes」の重要度は high、フォールバックはない。'],
    [{ criticality: 'critical' }, '「quotes」の重要度は critical、フォールバックはない。'],
    [
      { fallback: 'serving', policy: "it's" },
      "「it's」の重要度は high、フォールバックが呼び出し元に応答している。",
    ],
    [{ fallback: 'untested' }, '「quotes」の重要度は high、フォールバックがあり、応答できるかはまだ不明。'],
    [
      { fallback: 'failing', served: 3, hurt: 5 },
      '「quotes」の重要度は high、フォールバックの応答は呼び出し8件中3件。',
    ],
    [{ hurt: 2, calls: 100, hurtShare: 0.02 }, '「quotes」の重要度は high、影響は呼び出し100件中2件。'],
    [{ burn: { ...none, exhausted: true } }, '「quotes」の重要度は high、エラーバジェットを使い切った。'],
    [
      { burn: { ...none, alert: 'page', highestRate: 14.44 } },
      '「quotes」の重要度は high、エラーバジェットが許容の14倍の速さで減っている。',
    ],
    [
      { burn: { ...none, alert: 'ticket', highestRate: 1.52 }, trigger: 'slo', circuitOpen: false },
      '「quotes」の重要度は high、エラーバジェットの減りは遅い（許容の1.5倍の速さ）。',
    ],
    [
      {
        circuitOpen: false,
        circuits: {
          ownOpen: false,
          letsAllThrough: true,
          endpoints: 0,
          endpointsOpen: 0,
          keys: 9,
          keysOpen: 0,
        },
      },
      '「quotes」の重要度は high、人の操作によりサーキットがすべての呼び出しを通している。',
    ],
    [
      { hurt: 5, ageMs: 5_400_000 },
      '「quotes」の重要度は high、フォールバックはない、1時間30分後も呼び出し元に影響が続いている。',
    ],
  ])('%j', (given, japanese) => {
    expect(libraryJapanese(severityByImpact({ ...facts, ...given }).why)).toBe(japanese);
  });
});

describe('circuits in Japanese', () => {
  const settings = circuitBreakerSchema.parse({});
  const counts = { attempts: 40, failures: 0, slow: 0 };
  const on = { ...settings, consecutiveFailures: 5, failureRate: 0.5, slowRate: 0.5, slowAttemptMs: 250 };
  const probes = { ...on, halfOpenProbes: 3 };
  const verdict = (failures: number, slow: number): string => {
    const found = judgeProbes({ settled: 3, failures, slow }, probes);
    return found?.recovered === false ? found.reason : '';
  };

  it.each([
    [whyTrip(counts, 5, on), '試行が5回連続で失敗'],
    [whyTrip({ ...counts, failures: 30 }, 0, on), '試行40回中30回が失敗'],
    [whyTrip({ ...counts, slow: 30 }, 0, on), '試行40回中30回が250ミリ秒を超過'],
    [verdict(2, 0), 'プローブ3回中2回が失敗'],
    [verdict(0, 2), 'プローブ3回中2回が低速'],
  ])('%s', (english = '', japanese) => {
    expect(libraryJapanese(english)).toBe(japanese);
    expect(libraryJapanese(messages.opened('quotes', english))).toBe(
      `「quotes」のサーキットがオープン: ${japanese}`,
    );
  });

  it.each([
    ['its open time is up', 'オープンの時間が経過'],
    ['the time it was forced open for is up', '強制オープンの期限が経過'],
    ['the time it was disabled for is up', '無効の期限が経過'],
    ['its probes succeeded', 'プローブが成功'],
  ])('%s, as the machine words it', (english, japanese) => {
    const machine = new URL('../../../src/strategies/circuit-breaker/machine.ts', import.meta.url);
    expect(readFileSync(machine, 'utf8')).toContain(`'${english}'`);
    expect(libraryJapanese(english)).toBe(japanese);
  });
});

describe('ends and samples in Japanese', () => {
  const resolved = decide(
    sampleIncident({ status: 'mitigated' }),
    { do: 'resolve', by: 'Ada', waive: ['*'], waiveReason: 'a test' },
    { at: Date.now(), newPartId: (letter) => `${letter}-1` },
  ).flatMap((change) => (change.type === 'resolved' ? [change.reason] : []));
  const sample = (reason?: string): string => {
    const tally = new ErrorTally(5);
    tally.add(undefined, undefined, reason);
    return tally.kinds[0]?.sample ?? '';
  };

  it.each([
    [resolved[0], '手動で解決。'],
    [messages.stayedClosed(500), 'サーキットのクローズが500ミリ秒続いた。'],
    [messages.stayedClosed(125_000), 'サーキットのクローズが2分5秒続いた。'],
    [messages.isOver(3_600_000), '発端となった事象が収まってから1時間が経過した。'],
    [messages.policyRemoved, 'ポリシーが削除された。'],
    [messages.reopened(messages.opened('a', '?')), '解決後まもなく再発: 「a」のサーキットがオープン: ?'],
    [messages.nobodyAcknowledged(300_000), '5分以内に誰も対応を開始しなかった。'],
    [messages.updateDue, '状況報告の予定時刻になった。'],
    [sample(), '操作が返した値が失敗と判定された。'],
    [sample('HTTP 503'), '操作が返した値が失敗と判定された: HTTP 503。'],
  ])('%s', (english = '', japanese) => {
    expect(libraryJapanese(english)).toBe(japanese);
  });

  it.each([
    'Orders are missing.',
    'resolved by hand. Twice.',
    "'a' is of high criticality because I say so.",
    '',
  ])('leaves what it does not know as it is: %j', (text) => {
    expect(libraryJapanese(text)).toBe(text);
  });
});

it('is what the Japanese post-mortem says, and the English one does not', () => {
  const summary = messages.opened('<quotes>', '5 attempts in a row failed');
  const { why } = severityByImpact(facts);
  const at = '2026-02-04T10:00:00.000Z';
  const incident = sampleIncident({
    summary,
    why,
    severityHistory: [{ at, from: null, to: 'High', why, by: null }],
    steps: [
      { at, status: 'detected', by: null, reason: null, reopening: false },
      { at, status: 'resolved', by: null, reason: messages.stayedClosed(500), reopening: false },
    ],
  });
  const japanese = postmortem(incident, { language: 'ja' });
  expect(japanese).toMatch(
    /^# ポストモーテム \S+: 「&lt;quotes&gt;」のサーキットがオープン: 試行が5回連続で失敗\n/,
  );
  expect(japanese).not.toMatch(/in a row|criticality|stayed closed/);
  expect(postmortem(incident, { language: 'en' })).toMatch(/in a row[\s\S]*criticality[\s\S]*stayed closed/);
});
