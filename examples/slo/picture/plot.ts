import { line, type Point, polyline, rect, text } from '../../../benchmarks/outage/svg.ts';
import type { PictureData } from './data.ts';

/** Where a panel is. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A name at the end of a line. */
export interface EndLabel {
  readonly y: number;
  readonly style: string;
  readonly label: string;
}

const END_LABEL_HEIGHT = 15;
const SECONDS_PER_TICK = 15;

/** The area in which a panel draws, with its axes. */
export class Plot {
  readonly frame: Frame;
  readonly #data: PictureData;
  readonly #low: number;
  readonly #high: number;

  /** @param range the lowest and the highest value that it has room for */
  constructor(data: PictureData, frame: Frame, [low, high]: readonly [number, number] = [0, 1]) {
    this.#data = data;
    this.frame = frame;
    this.#low = low;
    this.#high = high;
  }

  get right(): number {
    return this.frame.left + this.frame.width;
  }

  get bottom(): number {
    return this.frame.top + this.frame.height;
  }

  xAt(seconds: number): number {
    return this.frame.left + (this.frame.width * seconds) / this.#data.seconds;
  }

  yAt(value: number): number {
    return this.bottom - (this.frame.height * (value - this.#low)) / (this.#high - this.#low);
  }

  /** The times of faults, to be drawn first. */
  faults(): string[] {
    const { top, height } = this.frame;
    return this.#data.faults.map(({ from, to }) =>
      rect([this.xAt(from), top], this.xAt(to) - this.xAt(from), height, 'fault'),
    );
  }

  /** Seconds below it. */
  timeAxis(): string[] {
    const ticks = Array.from(
      { length: Math.floor(this.#data.seconds / SECONDS_PER_TICK) + 1 },
      (_, at) => at * SECONDS_PER_TICK,
    );
    return ticks.map((seconds) => {
      const x = this.xAt(seconds);
      const mark = line([x, this.bottom], [x, this.bottom + 4], 'rule');
      return `${mark}${text([x, this.bottom + 18], 'label', `${seconds} s`, 'middle')}`;
    });
  }

  /** Values at its left, with lines across. */
  valueAxis(ticks: readonly number[], label: (value: number) => string): string[] {
    return ticks.map((value) => {
      const y = this.yAt(value);
      const across = line([this.frame.left, y], [this.right, y], value === 0 ? 'zero' : 'rule');
      return `${across}${text([this.frame.left - 6, y + 4], 'label', label(value), 'end')}`;
    });
  }

  /** A line through values, with gaps where there are none. */
  curve(values: readonly (number | null)[], style: string): string[] {
    const pieces: Point[][] = [];
    let piece: Point[] = [];
    for (const [at, value] of values.entries()) {
      if (value === null) {
        piece = [];
        continue;
      }
      if (piece.length === 0) pieces.push(piece);
      piece.push([this.xAt(at * this.#data.step), this.yAt(value)]);
    }
    return pieces.filter(({ length }) => length > 1).map((points) => polyline(points, `line ${style}`));
  }

  /** Names of lines at their ends, apart from each other. */
  endLabels(labels: readonly EndLabel[]): string[] {
    const sorted = labels.toSorted((a, b) => a.y - b.y);
    const places: number[] = [];
    for (const { y } of sorted) places.push(Math.max(y, (places.at(-1) ?? -1e9) + END_LABEL_HEIGHT));
    // What was pushed below the panel pushes back.
    let floor = this.bottom;
    for (let at = places.length - 1; at >= 0; at -= 1) {
      places[at] = Math.min(places[at] ?? 0, floor);
      floor = (places[at] ?? 0) - END_LABEL_HEIGHT;
    }
    return sorted.map(({ style, label }, at) =>
      text([this.right + 8, (places[at] ?? 0) + 4], `end ${style}`, label),
    );
  }
}

/** Round values, about `count` of them, from `low` to `high`. */
export function ticks(low: number, high: number, count: number): readonly number[] {
  const rough = (high - low) / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * magnitude).find((size) => size >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
