import { setTimeout as delay } from 'node:timers/promises';
import type { Postgres } from '../support/postgres.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Lifeline } from './lifeline.ts';
import type { Load } from './load.ts';
import { CallerReport, type Observer } from './observer.ts';
import { type Dependency, dependencies, type Pace } from './pace.ts';
import type { Timeline } from './timeline.ts';

/** What the story needs: what it breaks, and who sees it. */
export interface Cast {
  readonly upstream: Upstream;
  readonly postgres: Postgres;
  readonly load: Load;
  readonly observer: Observer;
  readonly timeline: Timeline;
  readonly lifeline: Lifeline;
  readonly pace: Pace;
  /** Ends the story at once. */
  readonly signal: AbortSignal;
}

/** One fault, from breaking to recovery. */
interface Outage {
  readonly dependency: Dependency;
  readonly title: string;
  readonly broken: string;
  readonly repaired: string;
  /** What does not run meanwhile. */
  readonly down?: string;
  breakIt(): unknown;
  repair(): unknown;
}

/** How long to wait for what the story says must happen, before the demo fails. */
const PATIENCE_MS = 20_000;

/** What a machine that is busy with other things has to have done before it is given faults. */
const ANSWERS_WHEN_WARM = 20;

/**
 * The story, as far as it is about these dependencies. Rejects when something does not happen as it should, or at
 * the signal.
 */
export async function tellStory(cast: Cast, about: readonly Dependency[]): Promise<void> {
  await warmUp(cast);
  for (const dependency of about) {
    const outages = dependency === 'quotes' ? upstreamOutages(cast) : databaseOutages(cast);
    for (const outage of outages) {
      await endure(cast, outage);
      // The faults of the upstream follow so closely that they are one incident.
      if (dependency === 'database') await resolved(cast, dependency);
    }
    await resolved(cast, dependency);
  }
}

function upstreamOutages({ upstream }: Cast): readonly Outage[] {
  return [
    {
      dependency: 'quotes',
      title: 'The upstream is overloaded',
      broken: 'the upstream answers 503 with Retry-After: 2',
      repaired: 'the upstream answers again',
      breakIt: () => upstream.behave('unavailable'),
      repair: () => upstream.behave('healthy'),
    },
    {
      dependency: 'quotes',
      title: 'The upstream hangs',
      broken: 'the upstream takes requests and answers none',
      repaired: 'the upstream answers again',
      breakIt: () => upstream.behave('hanging'),
      repair: () => upstream.behave('healthy'),
    },
    {
      dependency: 'quotes',
      title: 'The upstream is killed',
      broken: `the upstream's process ${upstream.pid} is killed with SIGKILL`,
      repaired: 'the upstream runs again, as a new process',
      down: 'the upstream',
      breakIt: () => upstream.kill(),
      repair: () => upstream.start(),
    },
  ];
}

function databaseOutages({ postgres }: Cast): readonly Outage[] {
  return [
    {
      dependency: 'database',
      title: 'PostgreSQL hangs',
      broken: 'each process of PostgreSQL is stopped with SIGSTOP',
      repaired: 'PostgreSQL goes on',
      breakIt: () => postgres.pauseAll(),
      repair: () => postgres.resumeAll(),
    },
    {
      dependency: 'database',
      title: 'PostgreSQL is shut down',
      broken: 'PostgreSQL is shut down',
      repaired: 'PostgreSQL is up again',
      down: 'PostgreSQL',
      breakIt: () => postgres.stop(),
      repair: () => postgres.start(),
    },
  ];
}

async function warmUp({ load, observer, timeline, pace, signal }: Cast): Promise<void> {
  timeline.chapter('All is well: the caches fill');
  await delay(pace.warmUpMs, undefined, { signal });
  for (const dependency of dependencies) {
    await until(signal, `${ANSWERS_WHEN_WARM} answers of '${dependency}'`, () => {
      return load.tally(dependency, 'protected').answered >= ANSWERS_WHEN_WARM;
    });
    CallerReport.sinceStart(load, observer, timeline, dependency).tell();
  }
}

/** Breaks something, sees the breaker do its work, repairs it and sees it recover. */
async function endure(cast: Cast, outage: Outage): Promise<void> {
  const { observer, timeline, lifeline, pace, signal } = cast;
  const { dependency, down } = outage;
  // A machine that is busy with other things may have opened it before its time.
  await until(signal, `the breaker of '${dependency}' to be closed`, () => {
    const { opened, closed } = observer.of(dependency);
    return opened === closed;
  });
  const before = { ...observer.of(dependency) };
  const report = new CallerReport(cast.load, observer, timeline, dependency);
  const expect = (what: string, key: 'opened' | 'servedStale' | 'probesFailed' | 'closed'): Promise<void> =>
    until(signal, `${what} of '${dependency}'`, () => observer.of(dependency)[key] > before[key]);

  timeline.chapter(outage.title);
  timeline.add('broken', dependency, outage.broken);
  const reports = setInterval(() => report.tell(), pace.reportEveryMs);
  try {
    if (down !== undefined) lifeline.expectDown(down);
    await outage.breakIt();
    await Promise.all([
      delay(pace.faultMs, undefined, { signal }),
      expect('the opening of the breaker', 'opened'),
      expect('an answer from the cache', 'servedStale'),
      expect('a failed probe', 'probesFailed'),
      until(signal, `the alert of '${dependency}'`, () => {
        const { alertsRaised, incidentsResolved } = observer.of(dependency);
        return alertsRaised > incidentsResolved;
      }),
    ]);
    await outage.repair();
    if (down !== undefined) lifeline.expectUp(down);
    timeline.add('repaired', dependency, outage.repaired);
    await expect('the recovery', 'closed');
  } finally {
    clearInterval(reports);
  }
  await delay(pace.breathMs, undefined, { signal });
  report.tell();
}

/** Waits until the open incident of a dependency is resolved, and whoever is on call knows. */
async function resolved({ observer, signal }: Cast, dependency: string): Promise<void> {
  await until(signal, `the end of the incident of '${dependency}'`, () => {
    const { alertsRaised, alertsResolved } = observer.of(dependency);
    return alertsResolved === alertsRaised;
  });
}

async function until(signal: AbortSignal, what: string, holds: () => boolean): Promise<void> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > givenUpAt) {
      throw new Error(`The demo waited ${PATIENCE_MS / 1_000} s in vain for ${what}.`);
    }
    await delay(20, undefined, { signal });
  }
}
