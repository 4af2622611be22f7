import { chart } from './outage/chart.ts';
import { BREAKWATER, BREAKWATER_UNCACHED, contestants } from './outage/contestants.ts';
import { faults, fleets } from './outage/scenario.ts';
import { type Run, simulate } from './outage/simulation.ts';
import { type Summary, summarize } from './outage/summary.ts';
import { prove } from './support/proof.ts';
import type { Subject, Table, Target } from './support/result.ts';

const ownNames: readonly string[] = [BREAKWATER, BREAKWATER_UNCACHED];

/** What callers and the dependency see while the dependency fails in four ways. */
export const outage: Subject = {
  name: 'outage',
  run: async ({ size, seed, progress }) => {
    const fleet = fleets[size];
    const runs: Run[] = [];
    for (const contestant of contestants) {
      progress(`simulating ${contestant.name}`);
      runs.push(await simulate(contestant, fleet, seed));
    }
    proveSameLoad(runs);
    const summaries = runs.map(summarize);
    return {
      subject: 'outage',
      title:
        `A fleet of ${fleet.clients} clients with ${fleet.callsPerSecond} calls/s each, ` +
        `in virtual time, seed ${seed}`,
      columns: [
        'contestant',
        'goodput/s',
        'live %',
        'stale %',
        'failed %',
        'p50 ms',
        'p99 ms',
        'attempts per call',
      ],
      rows: summaries.map((each) => [
        each.name,
        each.goodput,
        percent(each.live),
        percent(each.stale),
        percent(each.failed),
        each.p50Ms,
        each.p99Ms,
        each.amplification,
      ]),
      details: [
        byFault('answered live, in %', summaries, ({ liveBy }) => [...liveBy.values()].map(percent)),
        byFault('callers served, live or stale, in %', summaries, ({ servedBy }) =>
          [...servedBy.values()].map(percent),
        ),
        byFault('attempts per call', summaries, ({ amplificationBy }) => [...amplificationBy.values()]),
        byFault('seconds to recover after', summaries, ({ recoveryBy }) => [...recoveryBy.values()]),
      ],
      targets: targetsOf(summaries),
      notes: [
        ...contestants.map(({ name, settings }) => `${name}: ${settings}.`),
        ...ownNames.map((name) => dominanceNote(summaryOf(name, summaries), summaries)),
        'Goodput: calls answered live per second. p50 and p99 are over all calls, failures and rejections included, so who fails fast looks quick.',
        'A caller gives up after 15 s. Recovered is when 95 % of the calls of 5 s are answered live; `never` where that was not before the next fault.',
      ],
      files: { 'outage.svg': chart(runs, summaries, { seed, fleet }) },
    };
  },
};

function byFault(title: string, summaries: readonly Summary[], figures: (each: Summary) => number[]): Table {
  return {
    title,
    columns: ['contestant', ...faults.map(({ name }) => name)],
    rows: summaries.map((each) => [each.name, ...figures(each)]),
  };
}

function targetsOf(summaries: readonly Summary[]): Target[] {
  const own = summaryOf(BREAKWATER, summaries);
  return [
    {
      figure: 'attempts per call over the hard outage',
      measured: own.amplificationBy.get('hard outage') ?? Number.NaN,
      limit: 'at most',
      bound: 1.1,
      unit: '',
    },
    ...ownNames
      .map((name) => summaryOf(name, summaries))
      .map(
        (each) =>
          ({
            figure: `others better than ${each.name} on a figure and worse on none`,
            measured: dominating(each, summaries).filter(({ name }) => !ownNames.includes(name)).length,
            limit: 'at most',
            bound: 0,
            unit: '',
          }) as const,
      ),
  ];
}

function summaryOf(name: string, summaries: readonly Summary[]): Summary {
  const summary = summaries.find((each) => each.name === name);
  prove(summary !== undefined, `${name} took part`);
  return summary;
}

/** Who is better than `own` on some figure without being worse on any, of all contestants. */
function dominating(own: Summary, summaries: readonly Summary[]): readonly Summary[] {
  return summaries.filter((other) => other !== own && dominates(other, own));
}

/** Names them, breakwater's own two included, which are no others to each other. */
function dominanceNote(own: Summary, summaries: readonly Summary[]): string {
  const names = dominating(own, summaries).map(({ name }) => name);
  const shown = names.length === 0 ? 'no contestant' : names.join('; ');
  return `Better than ${own.name} on a figure and worse on none: ${shown}.`;
}

/** Whether `other` is better than `own` on some figure without being worse on any. */
function dominates(other: Summary, own: Summary): boolean {
  const [theirs, ours] = [merits(other), merits(own)];
  const isWorse = theirs.some((merit, at) => merit < (ours[at] ?? 0));
  return !isWorse && theirs.some((merit, at) => merit > (ours[at] ?? 0));
}

/** The figures that callers and operators care about, each the better the larger. */
function merits({ goodput, live, stale, p50Ms, p99Ms, amplification, recoveryBy }: Summary): number[] {
  const recoveries = [...recoveryBy.values()].map((seconds) => -seconds);
  return [goodput, live, live + stale, -p50Ms, -p99Ms, -amplification, ...recoveries];
}

/** The contestants must have been asked the same, and must have had something to get through. */
function proveSameLoad(runs: readonly Run[]): void {
  const calls = runs.map(({ seconds }) => seconds.map((second) => second.calls).join());
  prove(new Set(calls).size === 1, 'all contestants were called at the same times');
  const failures = runs[0]?.seconds.reduce((total, { failed }) => total + failed, 0) ?? 0;
  prove(failures > 0, 'calls without protection failed');
}

function percent(share: number): number {
  return share * 100;
}
