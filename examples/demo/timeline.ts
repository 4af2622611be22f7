import { padEnd, padStart, type Terminal, wrapped } from './terminal.ts';

/** What a line of the timeline tells. */
export type Moment =
  | 'broken'
  | 'repaired'
  | 'breaker opened'
  | 'from the cache'
  | 'incident joined'
  | 'alert raised'
  | 'alert updated'
  | 'alert resolved'
  | 'announced'
  | 'probe'
  | 'probe failed'
  | 'recovered'
  | 'callers'
  | 'unprotected'
  | 'incident resolved'
  | 'internal error';

/** One line of the timeline. */
export interface TimelineLine {
  /** Milliseconds since the load began. */
  readonly atMs: number;
  readonly moment: Moment;
  readonly dependency: string;
  readonly text: string;
}

const look = {
  broken: ['✗', 'red'],
  repaired: ['✓', 'blue'],
  'breaker opened': ['●', 'red'],
  'from the cache': ['↺', 'cyan'],
  'incident joined': ['+', 'magenta'],
  'alert raised': ['▲', 'magenta'],
  'alert updated': ['▲', 'magenta'],
  'alert resolved': ['▽', 'magenta'],
  announced: ['◇', 'magenta'],
  probe: ['◐', 'yellow'],
  'probe failed': ['●', 'yellow'],
  recovered: ['○', 'green'],
  callers: ['·', 'green'],
  unprotected: ['·', 'dim'],
  'incident resolved': ['✓', 'green'],
  'internal error': ['!', 'red'],
} as const satisfies Record<Moment, readonly [string, string]>;

/** Width of everything left of the text. */
const MARGIN = 43;
const TEXT_WIDTH = 100 - MARGIN;

/** The story as it happens: written to the terminal, and kept. */
export class Timeline {
  readonly lines: TimelineLine[] = [];
  readonly #terminal: Terminal;
  #startedAt = performance.now();
  #chapters = 0;
  #ended = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Starts the clock. */
  start(): void {
    this.#startedAt = performance.now();
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Begins a chapter. */
  chapter(title: string): void {
    this.#chapters += 1;
    this.#terminal.line();
    this.#terminal.line(this.#terminal.paint('bold', `  ${this.#chapters}  ${title}`));
  }

  /** Tells no more: what is being stopped is no part of the story. */
  end(): void {
    this.#ended = true;
  }

  add(moment: Moment, dependency: string, text: string): void {
    if (this.#ended) return;
    const atMs = this.elapsedMs;
    this.lines.push({ atMs, moment, dependency, text });
    const [sign, colour] = look[moment];
    const [first = '', ...rest] = wrapped(text, TEXT_WIDTH);
    const paint = (part: string): string => this.#terminal.paint(colour, part);
    const time = this.#terminal.paint('dim', padStart(`${(atMs / 1_000).toFixed(1)} s`, 8));
    const left = `${time}  ${padEnd(dependency, 10)} ${paint(padEnd(`${sign} ${moment}`, 20))}  `;
    this.#terminal.line(left + first);
    for (const line of rest) this.#terminal.line(' '.repeat(MARGIN) + line);
  }
}
