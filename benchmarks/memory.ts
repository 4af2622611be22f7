import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Field, happyPath, happyPathNames as names } from './support/happy-path.ts';
import { allocatedBytes, collectGarbage, usedBytes } from './support/heap.ts';
import { prove } from './support/proof.ts';
import type { Contestant } from './support/race.ts';
import type { RunContext, Subject } from './support/result.ts';
import { median } from './support/statistics.ts';

/** How much is measured. */
const sizes = {
  full: { warmUp: 300_000, callsPerSample: 500, samples: 31, settled: 10_000, total: 1_000_000, passes: 2 },
  short: { warmUp: 500, callsPerSample: 100, samples: 1, settled: 500, total: 2_000, passes: 1 },
} as const;

/** From how many calls on the event loop gets a turn. */
const CHUNK = 1_000;

/** What a call allocates, and what a million of them leave behind. */
export const memory: Subject = {
  name: 'memory',
  run: async (context) => {
    const field = happyPath();
    try {
      const allocated = await measureAllocation(field, context);
      const left = await measureLeft(field, context);
      const bare = allocated.get(names.bare) ?? Number.NaN;
      const { settled, total } = sizes[context.size];
      return {
        subject: 'memory',
        title: 'What a successful call allocates, and what many leave behind',
        columns: [
          'contestant',
          'bytes per call',
          'beyond bare',
          `heap kB after ${settled}`,
          `after ${total}`,
        ],
        rows: field.contestants.map(({ name }) => {
          const bytes = allocated.get(name) ?? Number.NaN;
          const heap = left.get(name);
          return [
            name,
            bytes,
            bytes - bare,
            (heap?.settled ?? Number.NaN) / 1_000,
            (heap?.total ?? Number.NaN) / 1_000,
          ];
        }),
        targets: [
          {
            figure: 'full policy, allocated beyond the bare call',
            measured: (allocated.get(names.full) ?? Number.NaN) - bare,
            limit: 'at most',
            bound: 1_000,
            unit: 'bytes',
          },
          {
            figure: `full policy, heap after ${total} calls beyond that after ${settled}`,
            measured: growth(left.get(names.full)) / 1_000,
            limit: 'at most',
            bound: 100,
            unit: 'kB',
          },
        ],
        notes: ['Heap figures are beyond those before the first call, after a full collection.'],
      };
    } finally {
      await field.close();
    }
  },
};

/** Bytes per call: the median over samples between two collections, each with none within. */
async function measureAllocation(field: Field, { size, progress }: RunContext): Promise<Map<string, number>> {
  const { warmUp, callsPerSample, samples } = sizes[size];
  const found = new Map<string, number>();
  for (const { name, repeat } of field.contestants) {
    progress(`bytes per call of ${name}`);
    await repeatInTurns(repeat, warmUp);
    const bytes: number[] = [];
    for (let tries = 0; bytes.length < samples && tries < 10 * samples; tries += 1) {
      const sample = await allocatedBytes(() => repeat(callsPerSample));
      if (sample !== undefined) bytes.push(sample / callsPerSample);
    }
    prove(
      bytes.length === samples,
      `${samples} samples of ${name} were free of collections (${bytes.length})`,
    );
    found.set(name, median(bytes));
  }
  return found;
}

interface HeapUse {
  readonly settled: number;
  readonly total: number;
}

function growth(use: HeapUse | undefined): number {
  return use === undefined ? Number.NaN : use.total - use.settled;
}

/** Bytes in use after the first calls of a fresh contestant, and after many more. */
async function measureLeft(field: Field, { size, progress }: RunContext): Promise<Map<string, HeapUse>> {
  const { settled, total, passes } = sizes[size];
  const found = new Map<string, HeapUse>();
  for (const { name } of field.contestants) {
    progress(`${total} calls of ${name}`);
    const fresh = happyPath();
    try {
      const contestant = contestantOf(fresh, name);
      await collectGarbage(passes);
      const before = usedBytes();
      await repeatInTurns(contestant.repeat, settled);
      await collectGarbage(passes);
      const afterFirst = usedBytes() - before;
      await repeatInTurns(contestant.repeat, total - settled);
      await collectGarbage(passes);
      found.set(name, { settled: afterFirst, total: usedBytes() - before });
      await contestant.prove(total);
    } finally {
      await fresh.close();
    }
  }
  return found;
}

function contestantOf({ contestants }: Field, name: string): Contestant {
  const found = contestants.find((contestant) => contestant.name === name);
  if (found === undefined) throw new Error(`There is no contestant '${name}'`);
  return found;
}

async function repeatInTurns(repeat: Contestant['repeat'], times: number): Promise<void> {
  for (let left = times; left > 0; left -= CHUNK) {
    await repeat(Math.min(CHUNK, left));
    await nextTurn();
  }
}
