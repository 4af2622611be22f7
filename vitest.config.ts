import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line.ts';

/** Tests that start servers, databases or other programs; they run after the others, so that nobody's time suffers. */
const heavy = [
  'tests/integration/**/*.test.ts',
  'tests/packaging/**/*.test.ts',
  'tests/prometheus/**/*.test.ts',
  'tests/readme/**/*.test.ts',
  'tests/examples/demo-stops.test.ts',
  'tests/examples/topics.test.ts',
];

/** Tests of programs that measure their own time; nothing else runs beside them. */
const alone = ['tests/examples/demo.test.ts', 'tests/examples/start.test.ts'];

const shared = { testTimeout: 30_000, hookTimeout: 60_000, restoreMocks: true, pool: 'forks' } as const;

/** Examples and README snippets import the package by its name, as in `tsconfig.json`. */
const alias = [
  { find: /^breakwater$/, replacement: source('index.ts') },
  { find: /^breakwater\/(incidents|slo)$/, replacement: source('$1/index.ts') },
  { find: /^breakwater\/(.+)$/, replacement: source('integrations/$1/index.ts') },
];

function source(path: string): string {
  return `${import.meta.dirname}/src/${path}`;
}

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      project('unit', 0, 2, ['tests/**/*.test.ts'], [...heavy, ...alone]),
      project('integration', 1, 2, heavy),
      project('examples', 2, 1, alone),
    ],
  },
});

/** The projects run one after the other, by `groupOrder`. */
function project(
  name: string,
  groupOrder: number,
  maxWorkers: number,
  include: string[],
  exclude: string[] = [],
) {
  return {
    extends: true as const,
    test: { ...shared, name, include, exclude, maxWorkers, sequence: { groupOrder } },
  };
}
