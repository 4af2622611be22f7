import { beforeAll, describe, expect, it } from 'vitest';
import { contestants } from '../../benchmarks/outage/contestants.ts';
import { CALLS_END_MS, fleets, phases } from '../../benchmarks/outage/scenario.ts';
import { type Run, simulate } from '../../benchmarks/outage/simulation.ts';
import { summarize } from '../../benchmarks/outage/summary.ts';
import { inVirtualTime } from '../../benchmarks/outage/virtual-time.ts';
import { outage } from '../../benchmarks/outage.ts';
import type { SubjectResult } from '../../benchmarks/support/result.ts';

function contestant(name: string) {
  const found = contestants.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('the simulated fleet', () => {
  it('gives the same run for the same seed, and another for another', async () => {
    const own = contestant('breakwater');
    const first = await simulate(own, fleets.short, 7);
    expect(await simulate(own, fleets.short, 7)).toEqual(first);
    expect((await simulate(own, fleets.short, 8)).latencies).not.toEqual(first.latencies);
  });

  it('ends every call, with each phase as long as it is said to be', async () => {
    const { seconds, latencies } = await simulate(contestant('no protection'), fleets.short, 1);
    expect(seconds).toHaveLength(CALLS_END_MS / 1_000);
    expect(phases.at(-1)?.toMs).toBe(CALLS_END_MS);
    expect(latencies).toHaveLength(seconds.reduce((calls, second) => calls + second.calls, 0));
  });

  it('fails all calls without protection during the hard outage, and none before the first fault', async () => {
    const { seconds } = await simulate(contestant('no protection'), fleets.short, 1);
    const hard = phases.find(({ name }) => name === 'hard outage');
    const during = seconds.slice((hard?.fromMs ?? 0) / 1_000 + 1, (hard?.toMs ?? 0) / 1_000 - 1);
    expect(during.every(({ failed, calls }) => failed === calls)).toBe(true);
    expect(seconds.slice(0, 30).every(({ failed }) => failed === 0)).toBe(true);
  });

  it('leaves clocks and chance as they were', async () => {
    const { random } = Math;
    const before = [setTimeout, Date, performance.now, random];
    await expect(
      inVirtualTime(1, 10, () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect([setTimeout, Date, performance.now, Math.random]).toEqual(before);
  });
});

describe('figures of a run', () => {
  const second = (live: number, failed: number) => ({
    calls: live + failed,
    live,
    stale: 0,
    failed,
    attempts: live,
  });

  it('finds when a fleet has recovered', () => {
    const brownout = phases.find(({ name }) => name === 'brownout');
    const end = (brownout?.toMs ?? 0) / 1_000;
    const seconds = Array.from({ length: CALLS_END_MS / 1_000 }, (_, at) =>
      at >= end && at < end + 12 ? second(1, 9) : second(10, 0),
    );
    const run: Run = { contestant: contestant('opossum'), seconds, latencies: [1, 2, 3] };
    const { recoveryBy, servedBy } = summarize(run);
    expect(recoveryBy.get('brownout')).toBe(12);
    expect(recoveryBy.get('hard outage')).toBe(0);
    expect(servedBy.get('hard outage')).toBe(1);
  });

  it('says so when a fleet does not recover', () => {
    const seconds = Array.from({ length: CALLS_END_MS / 1_000 }, () => second(1, 9));
    const { recoveryBy } = summarize({ contestant: contestant('opossum'), seconds, latencies: [1] });
    expect([...recoveryBy.values()]).toEqual(Array(4).fill(Number.POSITIVE_INFINITY));
  });
});

describe('the benchmark', () => {
  let result: SubjectResult;
  beforeAll(async () => {
    result = await outage.run({ size: 'short', seed: 1, progress: () => {} });
  });

  it('counts answers from the cache as stale, and for breakwater only', () => {
    const stale = result.columns.indexOf('stale %');
    for (const row of result.rows) {
      if (row[0] === 'breakwater') expect(row[stale]).toBeGreaterThan(0);
      else expect(row[stale]).toBe(0);
    }
  });

  it('draws one lane for each contestant, in both colour schemes, and no coordinate that is no number', () => {
    const svg = result.files?.['outage.svg'] ?? '';
    for (const { name } of contestants) expect(svg).toContain(`class="name">${name}</text>`);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg.match(/<g>/g)).toHaveLength(contestants.length);
  });
});
