import { CALLS_END_MS, type Fleet, faults } from './scenario.ts';
import type { Run, Second } from './simulation.ts';
import type { Summary } from './summary.ts';
import { area, escaped, line, type Point, polyline, rect, text } from './svg.ts';

const WIDTH = 1200;
const PLOT_LEFT = 216;
const PLOT_RIGHT = 1172;
const LANES_TOP = 152;
const LANE_HEIGHT = 136;
/** Height of the shares of callers within a lane, then of the load on the dependency. */
const SHARES_HEIGHT = 72;
const LOAD_TOP = 82;
const LOAD_HEIGHT = 30;
const SECONDS_PER_STEP = 2;
/** Attempts per call at which a line of load is cut off. */
const LOAD_LIMIT = 6;

const STYLE = `
  svg { color-scheme: light dark; font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    --paper: #ffffff; --ink: #1f2933; --soft: #616e7c; --rule: #d9dee4; --fault: #f1f3f6;
    --live: #2a7f9e; --stale: #eab54d; --failed: #c8453b; --load: #52606d; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #12171d; --ink: #e6eaef; --soft: #97a3b0; --rule: #323b45; --fault: #1d242c;
      --live: #3c9dbf; --stale: #d9a441; --failed: #e0645a; --load: #a9b5c1; } }
  .paper { fill: var(--paper); } .fault { fill: var(--fault); }
  .live { fill: var(--live); } .stale { fill: var(--stale); } .failed { fill: var(--failed); }
  .rule { stroke: var(--rule); stroke-width: 1; } .once { stroke: var(--rule); stroke-width: 1; stroke-dasharray: 2 3; }
  .load { fill: none; stroke: var(--load); stroke-width: 1.25; stroke-linejoin: round; }
  .loaded { fill: var(--load); fill-opacity: 0.16; }
  .title { fill: var(--ink); font-size: 20px; font-weight: 600; }
  .subtitle { fill: var(--soft); font-size: 13px; } .name { fill: var(--ink); font-size: 15px; font-weight: 600; }
  .figure { fill: var(--ink); font-size: 12px; font-variant-numeric: tabular-nums; }
  .label { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
  .phase { fill: var(--ink); font-size: 12px; font-weight: 600; }`;

/** What is said beside the lines. */
interface Facts {
  readonly seed: number;
  readonly fleet: Fleet;
}

/** The time lines of all contestants, one above the other, as an SVG that suits light and dark pages. */
export function chart(runs: readonly Run[], summaries: readonly Summary[], facts: Facts): string {
  const lanesBottom = LANES_TOP + runs.length * LANE_HEIGHT;
  const height = lanesBottom + 40;
  const title = 'What callers get while their dependency fails';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    rect([0, 0], WIDTH, height, 'paper', 10),
    text([28, 40], 'title', title),
    text([28, 62], 'subtitle', subtitle(facts)),
    legend(),
    ...faultBands(lanesBottom),
    ...runs.map((run, at) => lane(run, summaries[at], LANES_TOP + at * LANE_HEIGHT)),
    ...timeAxis(lanesBottom),
    '</svg>\n',
  ].join('\n');
}

function subtitle({ seed, fleet }: Facts): string {
  const total = fleet.clients * fleet.callsPerSecond;
  return (
    `${fleet.clients} clients make ${total} calls a second in all to a dependency that slows down as it fills. ` +
    `Virtual time, seed ${seed}; the same calls for everybody.`
  );
}

function legend(): string {
  const entries = [
    ['live', 'answered live'],
    ['stale', 'answered from the cache'],
    ['failed', 'failed, or no answer within 15 s'],
  ] as const;
  let x = 28;
  const parts = entries.map(([style, label]) => {
    const at = x;
    x += 46 + label.length * 6.9;
    return `${rect([at, 82], 12, 12, style, 2)}${text([at + 18, 92.5], 'subtitle', label)}`;
  });
  const load = `${line([x, 88], [x + 18, 88], 'load')}${text([x + 24, 92.5], 'subtitle', 'attempts that reach the dependency')}`;
  return [...parts, load].join('');
}

function faultBands(bottom: number): string[] {
  return faults.map(({ name, fromMs, toMs }) => {
    const [left, right] = [xAt(fromMs), xAt(toMs)];
    const band = rect([left, LANES_TOP - 34], right - left, bottom - LANES_TOP + 34, 'fault', 4);
    return `${band}${text([(left + right) / 2, LANES_TOP - 16], 'phase', name, 'middle')}`;
  });
}

/** One contestant: its figures, the shares of its callers, and the load that it puts on the dependency. */
function lane({ contestant, seconds }: Run, summary: Summary | undefined, top: number): string {
  const steps = stepsOf(seconds);
  const bottom = top + SHARES_HEIGHT;
  const shareLine = (share: (step: Second) => number): Point[] =>
    steps.map((step, at) => [xOfStep(at), bottom - SHARES_HEIGHT * share(step)]);
  const floor = shareLine(() => 0);
  const live = shareLine((step) => step.live / step.calls);
  const served = shareLine((step) => (step.live + step.stale) / step.calls);
  const all = shareLine(() => 1);
  return [
    `<g><title>${escaped(`${contestant.name}: ${contestant.settings}`)}</title>`,
    text([28, top + 16], 'name', contestant.name),
    ...figures(summary, top),
    area(live, floor, 'live'),
    area(served, live, 'stale'),
    area(all, served, 'failed'),
    ...loadLine(steps, top + LOAD_TOP),
    '</g>',
  ].join('');
}

function figures(summary: Summary | undefined, top: number): string[] {
  if (summary === undefined) return [];
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const lines = [
    `${percent(summary.live + summary.stale)} served, ${percent(summary.live)} live`,
    `p50 ${Math.round(summary.p50Ms)} ms, p99 ${(summary.p99Ms / 1_000).toFixed(1)} s`,
    `${summary.amplification.toFixed(2)} attempts per call`,
  ];
  return lines.map((content, at) => text([28, top + 36 + at * 17], 'figure', content));
}

/** Attempts per call, with the line at which each call is one attempt. */
function loadLine(steps: readonly Second[], top: number): string[] {
  const bottom = top + LOAD_HEIGHT;
  const yOf = (perCall: number): number =>
    bottom - (LOAD_HEIGHT * Math.min(perCall, LOAD_LIMIT)) / LOAD_LIMIT;
  const points = steps.map((step, at): Point => [xOfStep(at), yOf(step.attempts / step.calls)]);
  return [
    line([PLOT_LEFT, bottom], [PLOT_RIGHT, bottom], 'rule'),
    line([PLOT_LEFT, yOf(1)], [PLOT_RIGHT, yOf(1)], 'once'),
    text([PLOT_LEFT - 6, yOf(1) + 4], 'label', '1 a call', 'end'),
    text([PLOT_LEFT - 6, top + 6], 'label', `${LOAD_LIMIT} a call`, 'end'),
    area(
      points,
      points.map(([x]): Point => [x, bottom]),
      'loaded',
    ),
    polyline(points, 'load'),
  ];
}

function timeAxis(top: number): string[] {
  const minutes = Array.from({ length: Math.floor(CALLS_END_MS / 60_000) + 1 }, (_, minute) => minute);
  return minutes.map((minute) => {
    const x = xAt(minute * 60_000);
    return `${line([x, top - 14], [x, top - 9], 'rule')}${text([x, top + 6], 'label', `${minute} min`, 'middle')}`;
  });
}

/** Seconds taken together, so that chance shows less. A step without calls is as the one before. */
function stepsOf(seconds: readonly Second[]): readonly Second[] {
  const steps: Second[] = [];
  for (let at = 0; at < seconds.length; at += SECONDS_PER_STEP) {
    const step = { calls: 0, live: 0, stale: 0, failed: 0, attempts: 0 };
    for (const second of seconds.slice(at, at + SECONDS_PER_STEP)) {
      step.calls += second.calls;
      step.live += second.live;
      step.stale += second.stale;
      step.failed += second.failed;
      step.attempts += second.attempts;
    }
    const last = steps.at(-1);
    if (step.calls > 0) steps.push(step);
    else steps.push(last ?? { ...step, calls: 1, live: 1 });
  }
  return steps;
}

function xOfStep(at: number): number {
  const steps = Math.ceil(CALLS_END_MS / 1_000 / SECONDS_PER_STEP);
  return PLOT_LEFT + ((PLOT_RIGHT - PLOT_LEFT) * at) / (steps - 1);
}

function xAt(ms: number): number {
  return PLOT_LEFT + ((PLOT_RIGHT - PLOT_LEFT) * ms) / CALLS_END_MS;
}
