/** Events of one kind of traffic: how many come with each sample, for how many samples. */
export interface Phase {
  readonly samples: number;
  readonly good: number;
  readonly bad: number;
}

/** Good and bad events. */
export interface Counts {
  readonly good: number;
  readonly bad: number;
}

/** Traffic from the time 0 on, in samples that are equally far apart. The counters start at 0. */
export class Traffic {
  readonly phases: readonly Phase[];

  /** @param thinnedBy of how many samples one is kept, with its events */
  constructor(phases: readonly Phase[], thinnedBy = 1) {
    this.phases = phases
      .filter(({ samples }) => samples > 0)
      .map((phase) => ({ ...phase, samples: phase.samples / thinnedBy }));
  }

  /** Events of the `length` samples up to and with sample `at`. */
  counts(at: number, length: number): Counts {
    let start = 0;
    let good = 0;
    let bad = 0;
    for (const phase of this.phases) {
      const end = start + phase.samples;
      const within = Math.max(0, Math.min(end, at) - Math.max(start, at - length));
      good += within * phase.good;
      bad += within * phase.bad;
      start = end;
    }
    return { good, bad };
  }

  /** A counter of the events of one kind, as promtool's notation has it. */
  counter(which: 'good' | 'bad'): string {
    return counter(this.phases.map((phase) => ({ samples: phase.samples, by: phase[which] })));
  }
}

/** A counter that grows `by` so many with each sample of a stretch, as promtool's notation has it. */
export function counter(stretches: readonly { readonly samples: number; readonly by: number }[]): string {
  let value = 0;
  const parts = ['0'];
  for (const { samples, by } of stretches) {
    if (samples === 0) continue;
    parts.push(`${value + by}+${by}x${samples - 1}`);
    value += by * samples;
  }
  return parts.join(' ');
}
