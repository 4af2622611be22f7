import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoResult } from '../../examples/demo/demo.ts';
import { expectNothingLeft, runDemo, TIMEOUT_MS } from './demo-program.ts';

/** Reads one series of a scrape, by its exact text. */
function series(metrics: string, name: string): number {
  const line = metrics.split('\n').find((other) => other.startsWith(`${name} `));
  if (line === undefined) throw new Error(`/metrics has no ${name}`);
  return Number(line.slice(name.length + 1));
}

/** The cells of the printed table by the names of its rows; the twin of a policy is the row below it. */
function printedTable(stdout: string): Map<string, readonly string[]> {
  const rows = [...stdout.matchAll(/^ {2}(database|quotes|unprotected) +(\d.*)$/gm)];
  let policy = '';
  return new Map(
    rows.map(([, name = '', cells = '']) => {
      if (name !== 'unprotected') policy = name;
      return [name === 'unprotected' ? `${policy} twin` : name, cells.trim().split(/ {2,}/)] as const;
    }),
  );
}

const count = (cell: string | undefined): number => Number(cell?.replaceAll(' ', ''));

describe('npm run demo', () => {
  it(
    'tells a true story, prints what /metrics says, and leaves nothing behind',
    async (context) => {
      const directory = await mkdtemp(join(tmpdir(), 'breakwater-demo-test-'));
      context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
      const file = join(directory, 'result.json');
      const program = runDemo(context, ['--json', file]);
      expect(await program.exited, `${program.stdout}\n${program.stderr}`).toBe(0);
      expect(program.stderr).toBe('');
      const result: DemoResult = JSON.parse(await readFile(file, 'utf8'));

      expectStory(result);
      for (const dependency of ['database', 'quotes']) expectFigures(program.stdout, result, dependency);
      expectAlerts(result);
      expect(program.stdout).toContain('Where to look next');
      await expectNothingLeft(program, result.ports);
    },
    TIMEOUT_MS,
  );
});

/** Every fault is followed by the breaker's opening, the cache, a failed probe, the repair and the recovery. */
function expectStory({ timeline }: DemoResult): void {
  const times = timeline.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(TIMEOUT_MS);

  const faults = timeline.flatMap((line, at) => (line.moment === 'broken' ? [{ ...line, at }] : []));
  expect(faults.map(({ text }) => text)).toEqual([
    expect.stringContaining('503 with Retry-After'),
    expect.stringContaining('answers none'),
    expect.stringContaining('SIGKILL'),
    expect.stringContaining('SIGSTOP'),
    expect.stringContaining('shut down'),
  ]);
  for (const [n, { at, dependency }] of faults.entries()) {
    const outage = timeline.slice(at, faults[n + 1]?.at).filter((line) => line.dependency === dependency);
    const first = (moment: string): number => outage.findIndex((line) => line.moment === moment);
    const chain = ['broken', 'breaker opened', 'probe', 'probe failed', 'repaired', 'recovered'].map(first);
    expect(chain).not.toContain(-1);
    expect(chain).toEqual([...chain].sort((a, b) => a - b));
    expect(first('from the cache')).toBeGreaterThan(first('broken'));
    expect(first('from the cache')).toBeLessThan(first('recovered'));
  }
  expect(timeline.filter(({ moment }) => moment === 'internal error')).toEqual([]);
  const firstOfDatabase = timeline.findIndex(
    (line) => line.dependency === 'database' && line.moment === 'broken',
  );
  const early = timeline.slice(0, firstOfDatabase).filter(({ dependency }) => dependency === 'database');
  expect(early.filter(({ moment }) => moment === 'breaker opened')).toEqual([]);
  expectEachOpeningTold(timeline);
}

/** Each opening raises an alert or joins the incident that is open. */
function expectEachOpeningTold(timeline: DemoResult['timeline']): void {
  const moments = (moment: string): number => timeline.filter((line) => line.moment === moment).length;
  expect(moments('incident joined')).toBe(moments('breaker opened') - moments('alert raised'));
}

/** The table says what the metrics say, and the policy's callers were better off than their twins. */
function expectFigures(stdout: string, { metrics, timeline }: DemoResult, policy: string): void {
  const total = (name: string, labels = ''): number =>
    series(metrics, `breakwater_${name}{policy="${policy}"${labels}}`);
  const calls = (outcome: string): number => total('calls_total', `,outcome="${outcome}"`);
  const moments = (moment: string): number =>
    timeline.filter((line) => line.dependency === policy && line.moment === moment).length;
  const table = printedTable(stdout);
  const own = table.get(policy) ?? [];
  const twin = table.get(`${policy} twin`) ?? [];

  const failed = calls('failure') + calls('timeout') + calls('rejected') + calls('defect');
  expect(count(own[0])).toBe(calls('success') + calls('fallback') + failed);
  expect(count(own[1])).toBe(calls('success'));
  expect(count(own[2])).toBe(total('fallbacks_total', ',source="stale"'));
  expect(count(own[2])).toBe(calls('fallback'));
  expect(count(own[3])).toBe(failed);
  const retries = ['error', 'timeout', 'result', 'retry_after'].map((reason) =>
    total('retries_total', `,reason="${reason}"`),
  );
  expect(count(own[4])).toBe(retries.reduce((sum, n) => sum + n, 0));

  const good = total('sli_events_total', ',sli="availability",result="good"');
  const bad = total('sli_events_total', ',sli="availability",result="bad"');
  expect(bad).toBe(failed);
  expect(own[7]).toBe(`${((good / (good + bad)) * 100).toFixed(1)} %`);
  const objective = total('slo_objective_ratio', ',sli="availability"');
  expect(own[8]).toBe(`${((bad / (good + bad) / (1 - objective)) * 100).toFixed(1)} %`);

  // Each caller's request is one call, and the twin got the same requests.
  expect(count(twin[0])).toBe(count(own[0]));
  expect(count(twin[1]) + count(twin[3])).toBe(count(twin[0]));
  expect(count(own[2])).toBeGreaterThan(0);
  expect(count(own[3])).toBeLessThan(count(twin[3]));

  const transitions = (from: string, to: string): number =>
    total('circuit_transitions_total', `,from="${from}",to="${to}"`);
  expect(moments('breaker opened')).toBe(transitions('closed', 'open'));
  expect(moments('probe')).toBe(transitions('open', 'half-open'));
  expect(moments('probe failed')).toBe(transitions('half-open', 'open'));
  expect(moments('recovered')).toBe(transitions('half-open', 'closed'));
  expect(total('circuit_state', ',state="closed"')).toBe(1);
}

/** Each incident raised one alert, and was resolved; nothing came twice. */
function expectAlerts({ metrics, timeline }: DemoResult): void {
  const moments = (moment: string): number => timeline.filter((line) => line.moment === moment).length;
  const raised = moments('alert raised');
  expect(raised).toBeGreaterThanOrEqual(2);
  expect(moments('incident resolved')).toBe(raised);
  expect(moments('alert resolved')).toBe(raised);
  const delivered = series(
    metrics,
    'breakwater_incident_notifications_total{sink="webhook",result="delivered"}',
  );
  expect(moments('announced')).toBeGreaterThan(0);
  expect(delivered).toBe(2 * raised + moments('alert updated') + moments('announced'));
  for (const severity of ['Critical', 'High', 'Medium', 'Low']) {
    for (const status of ['detected', 'declared', 'acknowledged', 'mitigated']) {
      expect(series(metrics, `breakwater_incidents{severity="${severity}",status="${status}"}`)).toBe(0);
    }
  }
}
