import type { LimitControl } from './control.ts';

/** What a policy's layers know of the times that it allows. */
export interface TimeLimits {
  totalTimeoutMs: number;
  attemptTimeoutMs: number;
  /** Those that layers hold calls and attempts to, innermost first. */
  readonly timeLimits: TimeLimit[];
}

/**
 * How long a layer lets a call or an attempt take: what its options say, unless somebody steers it. A change is for what
 * begins from then on; what is under way keeps the time that it began with.
 */
export class TimeLimit {
  readonly bounds: 'total' | 'attempt';
  /** What holds now; `Infinity` where the layer sets no bound of its own. */
  timeoutMs: number;
  readonly #limits: TimeLimits;
  #configuredMs: number;
  #steeredMs: number | undefined = undefined;

  constructor(limits: TimeLimits, bounds: 'total' | 'attempt', configuredMs: number) {
    this.#limits = limits;
    this.bounds = bounds;
    this.#configuredMs = configuredMs;
    this.timeoutMs = configuredMs;
    limits.timeLimits.push(this);
    this.#changed();
  }

  /** The options say another time. One that somebody steers stays in force until it is given back. */
  configure(timeoutMs: number): void {
    this.#configuredMs = timeoutMs;
    this.#changed();
  }

  /** What people may change during an incident; nothing where the layer sets no bound of its own. */
  get controls(): readonly LimitControl[] {
    if (this.#configuredMs === Number.POSITIVE_INFINITY) return [];
    const { bounds } = this;
    return [
      {
        name: bounds === 'total' ? 'totalTimeoutMs' : 'attemptTimeoutMs',
        text: `how long ${bounds === 'total' ? 'a call' : 'an attempt'} may take, in milliseconds`,
        type: 'duration',
        configured: this.#configuredMs,
        current: this.timeoutMs,
        set: (value) => {
          this.#steeredMs = value;
          this.#changed();
        },
      },
    ];
  }

  #changed(): void {
    this.timeoutMs = this.#steeredMs ?? this.#configuredMs;
    const { timeLimits } = this.#limits;
    const of = (bounds: string) => timeLimits.filter((limit) => limit.bounds === bounds);
    // The outermost layer holds the call itself; of those around an attempt the shortest does.
    this.#limits.totalTimeoutMs = of('total').at(-1)?.timeoutMs ?? Number.POSITIVE_INFINITY;
    this.#limits.attemptTimeoutMs = Math.min(...of('attempt').map(({ timeoutMs }) => timeoutMs));
  }
}
