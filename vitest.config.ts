import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line.ts';

/** Tests that start servers, databases or other programs; they run after the others, so that nobody's time suffers. */
const heavy = ['tests/integration/**/*.test.ts', 'tests/demo/**/*.test.ts', 'tests/packaging/**/*.test.ts'];

const shared = { testTimeout: 30_000, hookTimeout: 60_000, restoreMocks: true, pool: 'forks' } as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: heavy,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...shared, name: 'integration', include: heavy, sequence: { groupOrder: 1 } } },
    ],
  },
});
