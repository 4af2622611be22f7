import { describe, expect, it } from 'vitest';
import { subjects } from '../../benchmarks/subjects.ts';
import { subjectNames } from '../../benchmarks/support/cli.ts';
import type { SubjectResult } from '../../benchmarks/support/result.ts';

/** What each benchmark must show: its contestants, and the figures that the project holds itself to. */
const expected: Readonly<
  Record<string, { readonly contestants: readonly string[]; readonly targets: number }>
> = {
  overhead: {
    contestants: [
      'bare awaited call',
      'breakwater, full policy',
      'breakwater, no options',
      'opossum(p-retry(p-timeout(f)))',
      'cockatiel wrap(retry, breaker, timeout)',
      'opossum, default',
      'opossum, tuned',
      'prom-client inc + observe',
    ],
    targets: 3,
  },
  rejection: {
    contestants: [
      'breakwater, full policy, circuit closed',
      'breakwater, full policy, rejected',
      'breakwater, full policy, answered from the cache',
      'opossum, rejected',
      'opossum(p-retry(p-timeout(f))), rejected',
      'cockatiel wrap(breaker, timeout), rejected',
    ],
    targets: 2,
  },
  failure: {
    contestants: [
      'bare failing call',
      'breakwater, full policy, happy path',
      'breakwater, full policy, 100 in the window',
      'breakwater, full policy, 1000 in the window',
      'cockatiel wrap(breaker, timeout)',
      'opossum, default, 100 and more in the window',
    ],
    targets: 3,
  },
  memory: {
    contestants: [
      'bare awaited call',
      'breakwater, full policy',
      'breakwater, no options',
      'opossum(p-retry(p-timeout(f)))',
      'cockatiel wrap(retry, breaker, timeout)',
      'opossum, default',
      'opossum, tuned',
      'prom-client inc + observe',
    ],
    targets: 2,
  },
  idle: {
    contestants: [
      'an empty process',
      'breakwater policies, with metrics',
      'opossum, default',
      'cockatiel wrap(retry, breaker, timeout)',
    ],
    targets: 3,
  },
  scrape: {
    contestants: [
      'the same series as ordinary prom-client metrics, registry.metrics()',
      'breakwater, registry.metrics()',
      'the same, over HTTP',
      'breakwater, its /metrics endpoint over HTTP',
    ],
    targets: 2,
  },
  http: {
    contestants: ['express', 'fastify'].flatMap((framework) =>
      ['/remote/bare', '/remote/guarded', '/instant/bare', '/instant/guarded'].map(
        (path) => `${framework} ${path}`,
      ),
    ),
    targets: 2,
  },
  outage: {
    contestants: ['no protection', 'p-retry', 'opossum', 'cockatiel', 'breakwater', 'breakwater, no cache'],
    targets: 3,
  },
};

describe('benchmarks', () => {
  it('are those that the command knows', () => {
    expect(subjects.map(({ name }) => name)).toEqual(subjectNames);
    expect(Object.keys(expected)).toEqual(subjectNames);
  });

  // A short run proves, as a full one does, that what is timed happens: a benchmark throws a ProofError otherwise.
  it.each(subjects.map((subject) => [subject.name, subject] as const))(
    '%s: a short run',
    async (name, subject) => {
      const steps: string[] = [];
      const result = await subject.run({ size: 'short', seed: 1, progress: (step) => steps.push(step) });

      expect(result.subject).toBe(name);
      expect(result.rows.map(([contestant]) => contestant)).toEqual(expected[name]?.contestants);
      expect(result.targets).toHaveLength(expected[name]?.targets ?? Number.NaN);
      for (const { measured, bound } of result.targets) {
        expect(measured).not.toBeNaN();
        expect(bound).toBeGreaterThanOrEqual(0);
      }
      expectWholeTables(result);
      expect(steps.length).toBeGreaterThan(0);
    },
  );
});

function expectWholeTables(result: SubjectResult): void {
  for (const { columns, rows } of [result, ...(result.details ?? [])]) {
    for (const row of rows) {
      expect(row).toHaveLength(columns.length);
      for (const cell of row) expect(cell).not.toBeNaN();
    }
  }
}
