import { escaped, rect, text } from '../../../benchmarks/outage/svg.ts';
import type { PictureData } from './data.ts';
import {
  budgetPanel,
  burnPanel,
  callsPanel,
  circuitsPanel,
  durationsPanel,
  objectivesPanel,
} from './panels.ts';
import type { Frame } from './plot.ts';
import { STYLE } from './style.ts';

const WIDTH = 1200;
const HEIGHT = 850;
const LEFT = 28;
const RIGHT = 628;
const COLUMN_WIDTH = 544;
/** Room for the values of an axis, and for the names of lines. */
const AXIS_WIDTH = 52;
const NAMES_WIDTH = 142;
const TITLE = 'Two outages, as the dashboard shows them';

/** The dashboard's figures as an SVG that suits light and dark pages. */
export function drawing(data: PictureData): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(TITLE)}">`,
    `<style>${STYLE}\n</style>`,
    rect([0, 0], WIDTH, HEIGHT, 'paper', 10),
    text([LEFT, 40], 'title', TITLE),
    ...subtitle(data).map((content, at) => text([LEFT, 63 + at * 19], 'subtitle', content)),

    ...headed('Objectives and what is left of their budgets', LEFT, 124),
    ...objectivesPanel(data, { left: LEFT, top: 152, width: COLUMN_WIDTH, height: 0 }),
    ...headed('Circuit states and open incidents', RIGHT, 124),
    ...stateLegend(RIGHT + COLUMN_WIDTH, 124),
    ...circuitsPanel(data, timeFrame(RIGHT, 162, 128, 72, 0)),

    ...headed('Error budget left', LEFT, 366),
    ...budgetPanel(data, timeFrame(LEFT, 384, 170)),
    ...headed('Burn rate of availability, over 5 minutes and over 1 hour', RIGHT, 366),
    ...burnPanel(data, timeFrame(RIGHT, 384, 170)),

    ...headed('Calls per second by outcome', LEFT, 612),
    ...callsPanel(data, timeFrame(LEFT, 630, 170)),
    ...headed('Call durations: the stronger, the more calls', RIGHT, 612),
    ...durationsPanel(data, timeFrame(RIGHT, 630, 170, AXIS_WIDTH, 0)),
    '</svg>\n',
  ].join('\n');
}

function subtitle({ faults, seconds }: PictureData): readonly string[] {
  const told = faults.map(({ what, from, to }) => `${what} from ${whole(from)} to ${whole(to)} s`);
  return [
    `The example application under a real Prometheus, ${seconds} s of it. ${told.join('; ')} (shaded).`,
    'Each panel is the answer to the dashboard’s own query. The budgets also cover the traffic of the minutes before.',
  ];
}

/** What the colours of circuits mean, up to `right`. */
function stateLegend(right: number, y: number): readonly string[] {
  const entries = [
    ['good', 'closed', 222],
    ['probe', 'half-open', 146],
    ['bad', 'open', 48],
  ] as const;
  return entries.map(([style, meaning, fromRight]) => {
    const x = right - fromRight;
    return `${rect([x, y - 10], 11, 11, style, 2)}${text([x + 17, y], 'label', meaning)}`;
  });
}

function whole(seconds: number): string {
  return seconds.toFixed(0);
}

function headed(title: string, left: number, y: number): readonly string[] {
  return [text([left, y], 'name', title)];
}

/** Where a panel over time draws, between its axis and the names of its lines. */
function timeFrame(
  left: number,
  top: number,
  height: number,
  axisWidth = AXIS_WIDTH,
  namesWidth = NAMES_WIDTH,
): Frame {
  return { left: left + axisWidth, top, width: COLUMN_WIDTH - axisWidth - namesWidth, height };
}
