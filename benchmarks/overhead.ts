import { happyPath, happyPathNames as names } from './support/happy-path.ts';
import { RATIO_NOTE, race, ratioOf, timingOf } from './support/race.ts';
import type { Subject } from './support/result.ts';

/** What a call costs when all is well. */
export const overhead: Subject = {
  name: 'overhead',
  run: async (context) => {
    const field = happyPath();
    try {
      const timings = await race(field.contestants, context);
      const bare = timingOf(timings, names.bare);
      const full = timingOf(timings, names.full);
      return {
        subject: 'overhead',
        title: 'A call that succeeds at once',
        columns: ['contestant', 'us per call', 'x bare', 'full policy / this'],
        rows: timings.map((timing) => [
          timing.name,
          timing.microseconds,
          ratioOf(timing, bare),
          ratioOf(full, timing),
        ]),
        targets: [
          {
            figure: 'full policy / bare call',
            measured: ratioOf(full, bare),
            limit: 'at most',
            bound: 6,
            unit: '',
          },
          ...[names.byHand, names.cockatiel].map(
            (name) =>
              ({
                figure: `full policy / ${name}`,
                measured: ratioOf(full, timingOf(timings, name)),
                limit: 'at most',
                bound: 1 / 15,
                unit: '',
              }) as const,
          ),
        ],
        notes: [RATIO_NOTE],
      };
    } finally {
      await field.close();
    }
  },
};
