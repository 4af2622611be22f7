import { area, line, type Point, rect, text } from '../../../benchmarks/outage/svg.ts';
import type { PictureData, PictureSeries } from './data.ts';
import { type Frame, Plot, ticks } from './plot.ts';
import { HEAT_LEVELS } from './style.ts';

/** How the lines of an SLI are drawn. */
const dashes: Readonly<Record<string, string>> = {
  availability: '',
  latency: 'dashed',
  correctness: 'dotted',
};
const windowDashes: Readonly<Record<string, string>> = { '5m': '', '1h': 'dashed' };

/** Where each objective stands at the end. */
export function objectivesPanel({ objectives }: PictureData, { left, top, width }: Frame): string[] {
  const columns = [0, 84, 236, 306, 380] as const;
  const barWidth = width - columns[4] - 68;
  const headings = ['Policy', 'Indicator', 'Objective', 'Good', 'Budget left'];
  const rows = objectives.map(({ policy, sli, objective, thresholdMs, good, budgetLeft }, at) => {
    const y = top + 24 + at * 27;
    const share = Math.max(0, Math.min(1, budgetLeft));
    const style = budgetLeft < 0 ? 'bad' : budgetLeft < 0.1 ? 'warn' : 'good';
    const cells = [
      policy,
      thresholdMs === undefined ? sli : `${sli} (${thresholdMs} ms)`,
      percent(objective, 0),
      percent(good, 2),
    ];
    const barLeft = left + columns[4];
    return [
      line([left, y - 14], [left + width, y - 14], 'rule'),
      ...cells.map((cell, column) => text([left + (columns[column] ?? 0), y + 4], 'figure', cell)),
      rect([barLeft, y - 6], barWidth, 12, 'track', 2),
      share === 0 ? '' : rect([barLeft, y - 6], barWidth * share, 12, style, 2),
      text([left + width, y + 4], 'figure', percent(budgetLeft, 1), 'end'),
    ].join('');
  });
  return [
    ...headings.map((heading, at) => text([left + (columns[at] ?? 0), top], 'label', heading)),
    ...rows,
  ];
}

const states = [
  { text: 'closed', style: 'good' },
  { text: 'disabled', style: 'track' },
  { text: 'half-open', style: 'probe' },
  { text: 'open', style: 'bad' },
  { text: 'forced open', style: 'rejected' },
] as const;

/** The circuits' states over time, and the open incidents. */
export function circuitsPanel(data: PictureData, frame: Frame): string[] {
  const plot = new Plot(data, frame);
  const rowHeight = 38;
  const bars = data.circuits.flatMap(({ labels, values }, row) => {
    const y = frame.top + 14 + row * rowHeight;
    const name = text([frame.left - 8, y + 17], 'figure', labels.policy ?? '', 'end');
    return [
      name,
      ...stretches(data, values).map(({ value, from, to }) => bar(plot, y, states[value], from, to)),
    ];
  });
  const y = frame.top + 14 + data.circuits.length * rowHeight;
  const incidents = data.incidents.flatMap(({ labels, values }) =>
    stretches(data, values).map(({ from, to }) =>
      bar(plot, y, { text: labels.severity ?? '', style: 'rejected' }, from, to),
    ),
  );
  return [
    ...plot.faults(),
    ...data.faults.map(({ what, from, to }) =>
      text([plot.xAt((from + to) / 2), frame.top - 7], 'phase', what, 'middle'),
    ),
    ...bars,
    text([frame.left - 8, y + 17], 'figure', 'incidents', 'end'),
    rect([frame.left, y], frame.width, 24, 'track', 2),
    ...incidents,
    ...plot.timeAxis(),
  ];
}

function bar(
  plot: Plot,
  y: number,
  state: { readonly text: string; readonly style: string } | undefined,
  from: number,
  to: number,
): string {
  const [left, width] = [plot.xAt(from), plot.xAt(to) - plot.xAt(from)];
  const shown = state?.text ?? '';
  const fits = shown.length * 6.4 + 10 < width;
  return [
    rect([left, y], width, 24, state?.style ?? 'track', 2),
    fits ? text([left + width / 2, y + 16], 'state', shown, 'middle') : '',
  ].join('');
}

/** Runs of one value, each until the next begins. */
function stretches({ step, seconds }: PictureData, values: PictureSeries['values']) {
  const found: { readonly value: number; readonly from: number; to: number }[] = [];
  let open: (typeof found)[number] | undefined;
  for (const [at, value] of values.entries()) {
    if (open !== undefined) open.to = Math.min(at * step, seconds);
    if (open?.value === value) continue;
    open = value === null ? undefined : { value, from: at * step, to: at * step };
    if (open !== undefined) found.push(open);
  }
  return found.filter(({ from, to }) => to > from);
}

/** What is left of the error budgets over time. */
export function budgetPanel(data: PictureData, frame: Frame): string[] {
  const all = numbersOf(data.budgetLeft);
  const low = Math.min(0, ...all);
  const plot = new Plot(data, frame, [low < 0 ? low * 1.05 : low, 1]);
  return [
    ...plot.faults(),
    ...plot.valueAxis(ticks(low, 1, 5), (value) => percent(value, 0)),
    ...data.budgetLeft.flatMap(({ labels: { policy = '', sli = '' }, values }) =>
      plot.curve(values, `${policy} ${dashes[sli] ?? ''}`),
    ),
    ...plot.endLabels(
      data.budgetLeft.map(({ labels: { policy = '', sli = '' }, values }) => ({
        y: plot.yAt(lastOf(values)),
        style: `of-${policy}`,
        label: `${policy} ${sli}`,
      })),
    ),
    ...plot.timeAxis(),
  ];
}

/** How fast the budgets of availability go, over a short window and over a long one. */
export function burnPanel(data: PictureData, frame: Frame): string[] {
  const high = Math.max(data.pageAbove, ...numbersOf(data.burnRates)) * 1.08;
  const plot = new Plot(data, frame, [0, high]);
  const y = plot.yAt(data.pageAbove);
  return [
    ...plot.faults(),
    ...plot.valueAxis(ticks(0, high, 5), String),
    line([frame.left, y], [plot.right, y], 'limit'),
    text([frame.left + 6, y + 15], 'label', `pages above ${data.pageAbove} in both`),
    ...data.burnRates.flatMap(({ labels: { policy = '', window = '' }, values }) =>
      plot.curve(values, `${policy} ${windowDashes[window] ?? ''}`),
    ),
    ...plot.endLabels(
      data.burnRates.map(({ labels: { policy = '', window = '' }, values }) => ({
        y: plot.yAt(lastOf(values)),
        style: `of-${policy}`,
        label: `${policy} ${window}`,
      })),
    ),
    ...plot.timeAxis(),
  ];
}

/** Outcomes in the order in which they are stacked, and how they are drawn. */
const outcomes: readonly (readonly [outcome: string, style: string, meaning: string])[] = [
  ['success', 'good', 'success'],
  ['fallback', 'stale', 'fallback'],
  ['timeout', 'late', 'timeout'],
  ['rejected', 'rejected', 'rejected'],
  ['failure', 'bad', 'failure'],
];

/** Calls a second by outcome, one on top of the other. */
export function callsPanel(data: PictureData, frame: Frame): string[] {
  const steps = data.seconds / data.step + 1;
  const ratesOf = (outcome: string): readonly number[] => {
    const found = data.callsByOutcome.find(({ labels }) => labels.outcome === outcome);
    return Array.from({ length: steps }, (_, at) => found?.values[at] ?? 0);
  };
  const seen = outcomes.filter(([outcome]) => ratesOf(outcome).some((rate) => rate > 0));
  const layers = seen.map(([outcome]) => ratesOf(outcome));
  const totals = Array.from({ length: steps }, (_, at) => sum(layers.map((layer) => layer[at] ?? 0)));
  const high = Math.max(...totals) * 1.05;
  const plot = new Plot(data, frame, [0, high]);
  const stacked = layers.map((_, upTo) =>
    totals.map((_total, at): Point => {
      const height = sum(layers.slice(0, upTo + 1).map((layer) => layer[at] ?? 0));
      return [plot.xAt(at * data.step), plot.yAt(height)];
    }),
  );
  const floor = totals.map((_, at): Point => [plot.xAt(at * data.step), plot.bottom]);
  return [
    ...plot.faults(),
    ...plot.valueAxis(ticks(0, high, 4), String),
    ...seen.map(([, style], at) => area(stacked[at] ?? floor, stacked[at - 1] ?? floor, style)),
    ...plot.timeAxis(),
    ...seen.map(([, style, meaning], at) => {
      const y = frame.top + 8 + at * 20;
      return `${rect([plot.right + 10, y - 9], 11, 11, style, 2)}${text([plot.right + 27, y + 1], 'label', meaning)}`;
    }),
  ];
}

/** How many calls took how long, by the buckets of the histogram. */
export function durationsPanel(data: PictureData, frame: Frame): string[] {
  const cumulated = data.durations
    .map(({ labels, values }) => ({ bound: boundOf(labels.le), values }))
    .sort((a, b) => a.bound - b.bound);
  const buckets = cumulated.map(({ bound, values }, at) => ({
    bound,
    calls: values.map((value, step) => Math.max(0, (value ?? 0) - (cumulated[at - 1]?.values[step] ?? 0))),
  }));
  const used = buckets.flatMap(({ calls }, at) => (calls.some((count) => count > 0.05) ? [at] : []));
  const shown = buckets.slice(Math.min(...used), Math.max(...used) + 1);
  const most = Math.max(...shown.flatMap(({ calls }) => calls));
  const plot = new Plot(data, frame, [0, shown.length]);
  const rowHeight = frame.height / shown.length;
  const cellWidth = plot.xAt(data.step) - plot.xAt(0);
  const cells = shown.flatMap(({ calls }, row) =>
    calls.slice(1).flatMap((count, at) => {
      if (count <= 0.05) return [];
      const level = Math.max(1, Math.ceil(Math.sqrt(count / most) * HEAT_LEVELS));
      const corner: Point = [plot.xAt(at * data.step), plot.yAt(row + 1) + 0.5];
      return rect(corner, cellWidth - 0.5, rowHeight - 1, `heat heat-${level}`);
    }),
  );
  const labels = shown.map(({ bound }, row) =>
    text([frame.left - 6, plot.yAt(row + 0.5) + 4], 'label', durationText(bound), 'end'),
  );
  return [...plot.faults(), ...cells, ...labels, ...plot.timeAxis()];
}

function boundOf(le: string | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

function durationText(seconds: number): string {
  if (seconds === Number.POSITIVE_INFINITY) return 'longer';
  return seconds < 1 ? `${Number((seconds * 1_000).toPrecision(3))} ms` : `${seconds} s`;
}

function percent(share: number, decimals: number): string {
  return `${(share * 100).toFixed(decimals).replace('-', '−')} %`;
}

function numbersOf(series: readonly PictureSeries[]): readonly number[] {
  return series.flatMap(({ values }) => values.filter((value) => value !== null));
}

function lastOf(values: PictureSeries['values']): number {
  return values.findLast((value) => value !== null) ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
