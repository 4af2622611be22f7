import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outage, playOutage } from '../../examples/incidents/outage.ts';
import { Cleanup } from '../../examples/support/cleanup.ts';
import type { IncidentJson } from '../../src/incidents/incident/document.ts';
import { foldEntries } from '../../src/incidents/incident/fold.ts';
import { readJournal } from '../../src/incidents/journal/read.ts';
import { lintPostmortem } from '../../src/incidents/postmortem/lint.ts';
import { postmortem } from '../../src/incidents/postmortem/postmortem.ts';
import { grown, quantileMs, readScrape, type Scrape } from '../incidents/scrape.ts';

const examples = join(import.meta.dirname, '../../examples/incidents');
const languages = ['en', 'ja'] as const;

/** The only incident that a journal holds. */
async function incidentIn(directory: string): Promise<IncidentJson> {
  const { entries, problems } = await readJournal(directory);
  expect(problems).toEqual([]);
  const [record, ...others] = foldEntries(entries);
  expect(others).toEqual([]);
  if (record === undefined) throw new Error(`There is no incident in ${directory}.`);
  return record.toJSON();
}

/** Rows of the tables below a heading of the second level, less their heads: what stands in the cells. */
function rowsBelow(markdown: string, heading: string): readonly (readonly string[])[] {
  const [, below = ''] = markdown.split(`\n## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(2, -2).split(' | '));
}

describe('an outage of the example application', () => {
  const cleanup = new Cleanup();
  let outage: Outage;
  let directory: string;
  let before: Scrape;
  let after: Scrape;
  let markdown: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'breakwater-outage-'));
    cleanup.add('the journal', () => rm(directory, { recursive: true }));
    outage = await playOutage({ directory, cleanup, tell: () => {} });
    before = readScrape(outage.metrics.before, 'quotes');
    after = readScrape(outage.metrics.after, 'quotes');
    markdown = postmortem(outage.incident, { language: 'en' });
  });
  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
  });

  const counted = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    grown(before, after, name, labels);
  const cell = (heading: string, first: string): readonly string[] => {
    const row = rowsBelow(markdown, heading).find(([name]) => name === first);
    if (row === undefined) throw new Error(`There is no row '${first}' below '${heading}'.`);
    return row;
  };

  it('goes through its whole life, from the first failure to the close', () => {
    const { steps, status, startedAt, detectedAt, declaredAt } = outage.incident;
    expect(steps.map((step) => step.status)).toEqual([
      'detected',
      'declared',
      'acknowledged',
      'mitigated',
      'resolved',
      'closed',
    ]);
    expect(status).toBe('closed');
    expect(Date.parse(startedAt)).toBeLessThan(Date.parse(detectedAt));
    expect(Date.parse(detectedAt)).toBeLessThanOrEqual(Date.parse(declaredAt ?? ''));
    expect(outage.pages.map((page) => page.split(' ')[0])).toEqual([
      'opened',
      'updated',
      'updated',
      'updated',
      'resolved',
    ]);
  });

  it.each(languages)('leaves a post-mortem in %s that lint finds nothing in', (language) => {
    expect(lintPostmortem(postmortem(outage.incident, { language }))).toEqual([]);
  });

  it('counts in it what /metrics counted', () => {
    const figures = {
      Calls: counted('calls_total'),
      Failed: counted('calls_total', { outcome: 'failure' }) + counted('calls_total', { outcome: 'defect' }),
      'Timed out': counted('calls_total', { outcome: 'timeout' }),
      Rejected: counted('calls_total', { outcome: 'rejected' }),
      Retries: counted('retries_total'),
      'Served stale from the cache': counted('fallbacks_total', { source: 'stale' }),
      'Served by a fallback': counted('fallbacks_total', { source: 'fallback' }),
    };
    for (const name of ['Calls', 'Rejected', 'Retries', 'Served stale from the cache'] as const) {
      expect(figures[name], name).toBeGreaterThan(0);
    }
    for (const [name, figure] of Object.entries(figures)) {
      const [, count, share] = cell('Impact', name);
      expect(count?.replaceAll(',', ''), name).toBe(String(figure));
      if (share === '-') continue;
      const percent = Number(share?.replace(' %', ''));
      expect(Math.abs(percent - (100 * figure) / figures.Calls), name).toBeLessThanOrEqual(0.005);
    }
  });

  it('has in it the latencies that its histogram has', () => {
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const [, earlier, during] = cell('Impact', name);
      const histogram = 'call_duration_seconds';
      expectAbout(earlier, quantileMs(q, new Map(), before, histogram));
      expectAbout(during, quantileMs(q, before, after, histogram));
    }
  });

  it('has in it the error budget that was spent', () => {
    const remaining = (scrape: Scrape, sli: string): number =>
      grown(new Map(), scrape, 'error_budget_remaining_ratio', { sli });
    for (const sli of ['availability', 'latency', 'correctness']) {
      const [, , left, leftAfter, spent] = cell('Impact', sli);
      const shown = [left, leftAfter, spent].map((text) => Number(text?.replace(' %', '')) / 100);
      const [was, is] = [remaining(before, sli), remaining(after, sli)];
      for (const [at, expected] of [was, is, was - is].entries()) {
        expect(Math.abs((shown[at] ?? Number.NaN) - expected), `${sli} ${at}`).toBeLessThanOrEqual(0.000_051);
      }
    }
  });

  it('has in it every failed attempt by its kind', () => {
    const failed = ['failure', 'timeout', 'defect'].reduce(
      (sum, outcome) => sum + counted('attempts_total', { outcome }),
      0,
    );
    const listed = outage.incident.impact.errors;
    expect(listed).not.toEqual([]);
    expect(listed.reduce((sum, { count }) => sum + count, outage.incident.impact.otherErrors)).toBe(failed);
    for (const { kind, count } of listed) {
      expect(cell('Impact', kind)[1]?.replaceAll(',', '')).toBe(String(count));
    }
  });

  it('has in it the times that its steps were taken at', () => {
    const { startedAt, declaredAt, acknowledgedAt, resolvedAt, durationMs } = outage.incident;
    const between = (from: string | null, to: string | null) => Date.parse(to ?? '') - Date.parse(from ?? '');
    const shown = (name: string): string => cell('Detection and response times', name)[3] ?? '';
    expect(shown('MTTD (time to detect)')).toContain(`${between(startedAt, declaredAt)} milliseconds`);
    expect(shown('MTTA (time to acknowledge)')).toMatch(/^\d+ (milliseconds?|seconds?) /);
    expect(between(declaredAt, acknowledgedAt)).toBeGreaterThanOrEqual(0);
    expect(durationMs).toBeGreaterThan(500);
    // One is by the wall clock, the other by the monotonic one.
    expect(Math.abs(between(startedAt, resolvedAt) - (durationMs ?? Number.NaN))).toBeLessThan(50);
  });

  it('is in the journal as it was in the process', async () => {
    expect(await incidentIn(directory)).toEqual(outage.incident);
  });
});

describe('the outage that is kept as a sample', () => {
  it.each(languages)(
    'gives the post-mortem in %s as it is kept, which lint finds nothing in',
    async (language) => {
      const incident = await incidentIn(join(examples, 'journal'));
      const kept = readFileSync(join(examples, `postmortem.${language}.md`), 'utf8');
      expect(postmortem(incident, { language })).toBe(kept);
      expect(lintPostmortem(kept)).toEqual([]);
    },
  );
});

/** A duration as it is shown, to the digits that it is shown with. */
function expectAbout(text: string | undefined, ms: number): void {
  const [, number = '', unit = ''] = /^([\d.,]+) (\S+)$/.exec(text ?? '') ?? [];
  expect(unit, text).toBe('ms');
  const digits = number.split('.')[1]?.length ?? 0;
  expect(Math.abs(Number(number.replaceAll(',', '')) - ms), `${text}, ${ms}`).toBeLessThanOrEqual(
    0.5 * 10 ** -digits + 1e-9,
  );
}
