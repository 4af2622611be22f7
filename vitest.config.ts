import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line.ts';

/** Tests of programs that mostly wait for one another, and that take no harm when they wait longer. */
const programs = [
  'tests/prometheus/**/*.test.ts',
  'tests/readme/**/*.test.ts',
  'tests/integration/exemplars.test.ts',
  'tests/examples/demo-stops.test.ts',
  'tests/examples/{outage,topics}.test.ts',
  'tests/cli/{drill,incident}/processes.test.ts',
  'tests/incidents/sinks/alertmanager-real.test.ts',
  'tests/incidents/journal/{crash,processes}.test.ts',
];

/** Tests of the package as its users install it; they take the longest of their stage, so they begin first. */
const packaging = ['tests/packaging/**/*.test.ts'];

/** The test of the demo, which takes long and mostly waits. */
const demo = ['tests/examples/demo.test.ts'];

/** Tests of servers, databases and the examples that use them; they run after the others, so that nobody's time suffers. */
const integration = ['tests/integration/**/*.test.ts', 'tests/examples/start.test.ts'];

/**
 * Tests that leave something in their process, such as a connection that is kept alive with its timer, or that count what
 * the whole process has: they share processes with one another, and not with the others.
 */
const separate = [
  'tests/breakwater.test.ts',
  'tests/{benchmarks,web}/**/*.test.ts',
  'tests/cli/**/*.test.ts',
  'tests/core/{ambient-deadline,update}.test.ts',
  'tests/incidents/*.test.ts',
  'tests/incidents/{collectors,control,drill,journal,recovery,sinks}/**/*.test.ts',
  'tests/integrations/{express,fastify,fetch}/**/*.test.ts',
  'tests/issues/abort-during-backoff-is-ignored.test.ts',
  'tests/properties/{all-strategies,bulkhead,chaos,circuit-keys,circuit-probe,deadlines,limits,pipeline,rate-limit,streams,update}.test.ts',
  'tests/slo/live/{alerts,announce,state,watch}.test.ts',
  'tests/strategies/cache-fallback/unshared.test.ts',
  'tests/strategies/adaptive-limit/{adaptive-limit,loop-delay}.test.ts',
  'tests/strategies/{bulkhead/leases,bulkhead/queue,hedge/hedge,rate-limit/rate-limit}.test.ts',
  'tests/strategies/chaos/{abort,control,strategy}.test.ts',
  'tests/strategies/circuit-breaker/{endpoints,keys,opossum,probe,update}.test.ts',
  'tests/strategies/timeout/timeout.test.ts',
];

const shared = { hookTimeout: 60_000, restoreMocks: true } as const;

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
      project('demo', {
        include: demo,
        maxWorkers: 3,
        testTimeout: 120_000,
        order: 0,
      }),
      project('separate', {
        include: separate,
        exclude: programs,
        sharing: 'forks',
        maxWorkers: 3,
        order: 0,
      }),
      // The unit tests, whose time is not real, use what the others of this stage leave of the machine.
      project('packaging', { include: packaging, maxWorkers: 4, testTimeout: 120_000, order: 1 }),
      project('programs', {
        include: programs,
        maxWorkers: 4,
        testTimeout: 120_000,
        order: 1,
      }),
      project('unit', {
        include: ['tests/**/*.test.ts'],
        exclude: [...separate, ...demo, ...programs, ...packaging, ...integration],
        sharing: 'threads',
        maxWorkers: 4,
        order: 1,
      }),
      project('integration', {
        include: integration,
        exclude: programs,
        sharing: 'forks',
        maxWorkers: 3,
        order: 2,
      }),
    ],
  },
});

/** What tells one project from another. */
interface Differences {
  readonly include: string[];
  readonly exclude?: string[];
  /** How many files run at once. Default 2, for two cores. */
  readonly maxWorkers?: number;
  /**
   * Whether files share a process or a thread, and with it their modules and globals; threads start faster, and what ends
   * processes or sets their state needs a process. By default each file has a process of its own.
   */
  readonly sharing?: 'forks' | 'threads';
  /** Default 30 s. */
  readonly testTimeout?: number;
  /** Projects run one after the other, in this order; those of one number run at once, by their names. */
  readonly order: number;
}

function project(
  name: string,
  { exclude = [], maxWorkers = 2, sharing, testTimeout = 30_000, order, include }: Differences,
) {
  const setupFiles = sharing === undefined ? [] : ['tests/real-time.ts'];
  return {
    extends: true as const,
    test: {
      ...shared,
      name,
      include,
      exclude,
      maxWorkers,
      testTimeout,
      pool: sharing ?? 'forks',
      isolate: sharing === undefined,
      setupFiles,
      sequence: { groupOrder: order },
    },
  };
}
