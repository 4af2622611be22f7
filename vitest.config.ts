import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line.ts';

/** Tests that start servers, databases or other programs; they run after the others, so that nobody's time suffers. */
const heavy = [
  'tests/integration/**/*.test.ts',
  'tests/examples/**/*.test.ts',
  'tests/packaging/**/*.test.ts',
  'tests/readme/**/*.test.ts',
];

const shared = { testTimeout: 30_000, hookTimeout: 60_000, restoreMocks: true, pool: 'forks' } as const;

/** Examples and README snippets import the package by its name, as in `tsconfig.json`. */
const alias = [
  { find: /^breakwater$/, replacement: source('index.ts') },
  { find: /^breakwater\/incidents$/, replacement: source('incidents/index.ts') },
  { find: /^breakwater\/(.+)$/, replacement: source('integrations/$1/index.ts') },
];

function source(path: string): string {
  return `${import.meta.dirname}/src/${path}`;
}

export default defineConfig({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: heavy,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { ...shared, name: 'integration', include: heavy, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
