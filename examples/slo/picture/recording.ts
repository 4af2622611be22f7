import { setTimeout as delay } from 'node:timers/promises';
import { grafanaDashboard, prometheusRules, type SloSpec, specFromMetrics } from 'breakwater/slo';
import { pino } from 'pino';
import { startApplication } from '../../app/application.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { startDatabase } from '../../support/database.ts';
import { Upstream } from '../../upstream/upstream.ts';
import { type Choices, queriesOf, queryOf } from '../dashboard-queries.ts';
import { type Prometheus, startPrometheus } from '../prometheus.ts';
import type { RangeSeries } from '../prometheus-api.ts';
import type { PictureData, PictureSeries } from './data.ts';
import { SteadyLoad } from './load.ts';

/** What happens before, so that a minute of outages is not all that the budget is measured by. */
const EARLIER = { perSecond: 60, seconds: 100 };
/** Then nothing happens, until the earlier traffic has left the window of five minutes. */
const SILENCE_SECONDS = 300;
/** What is shown: requests a second, and how long each part lasts in seconds. */
const SHOWN = { perSecond: 30, before: 15, upstreamFault: 8, between: 17, databaseFault: 10 };
const SHOWN_SECONDS = 75;
/** Traffic before what is shown, so that its rates are known from the beginning. */
const LEAD_SECONDS = 6;
const STEP_SECONDS = 1;
const CHOICES: Choices = { service: 'shop', rateInterval: '5s' };
const PERIOD_EVALUATION_MS = 1_000;

/** Runs the example application under a real Prometheus, breaks what it depends on, and asks the dashboard's queries. */
export async function record(cleanup: Cleanup, say: (what: string) => void): Promise<PictureData> {
  const upstream = new Upstream();
  cleanup.add('the upstream', () => upstream.kill());
  const [{ postgres }] = await Promise.all([startDatabase(cleanup), upstream.start()]);
  const application = await startApplication({
    databaseUrl: postgres.connectionString,
    upstreamUrl: upstream.url,
    logger: pino({ level: 'silent' }),
    incidents: { resolveAfterMs: 10_000 },
  });
  cleanup.add('the application', () => application.stop());
  cleanup.add('the faults', () => postgres.resumeAll());
  const { expressUrl } = application;
  const load = new SteadyLoad([`${expressUrl}/users`, `${expressUrl}/quotes`]);
  // The policy of the upstream is made at its first request.
  await load.run(1, 1);
  await load.idle();

  const metrics = await (await fetch(`${expressUrl}/metrics`)).text();
  const spec: SloSpec = {
    ...specFromMetrics(metrics, { service: 'shop' }),
    periodEvaluationMs: PERIOD_EVALUATION_MS,
  };
  const prometheus = await startPrometheus({
    scrape: [{ job: 'shop', url: `${expressUrl}/metrics` }],
    rules: { 'slo.rules.yaml': prometheusRules(spec).text },
    scrapeInterval: '1s',
  });
  cleanup.add('Prometheus', () => prometheus.stop());
  await prometheus.newSamples('breakwater_sli_events_total');

  say(`${EARLIER.seconds} s of traffic`);
  await load.run(EARLIER.perSecond, EARLIER.seconds);
  say(`${SILENCE_SECONDS} s of silence`);
  await delay(SILENCE_SECONDS * 1_000);
  say(`${SHOWN_SECONDS} s with two outages`);
  const start = Math.ceil(Date.now() / 1_000) + LEAD_SECONDS;
  const traffic = load.run(SHOWN.perSecond, LEAD_SECONDS + SHOWN_SECONDS + 3);
  const since = (): number => Math.round((Date.now() / 1_000 - start) * 10) / 10;
  await delay(start * 1_000 + SHOWN.before * 1_000 - Date.now());
  const upstreamFrom = since();
  upstream.behave('hanging');
  await delay(SHOWN.upstreamFault * 1_000);
  upstream.behave('healthy');
  const upstreamTo = since();
  await delay(SHOWN.between * 1_000);
  const databaseFrom = since();
  postgres.pauseAll();
  await delay(SHOWN.databaseFault * 1_000);
  postgres.resumeAll();
  const databaseTo = since();
  await traffic;
  await load.idle();
  return {
    ...(await answers(prometheus, spec, start)),
    faults: [
      { policy: 'quotes', what: 'The upstream hangs', from: upstreamFrom, to: upstreamTo },
      { policy: 'database', what: 'PostgreSQL hangs', from: databaseFrom, to: databaseTo },
    ],
  };
}

/** What the dashboard's own queries give for the time that is shown. */
async function answers(
  prometheus: Prometheus,
  spec: SloSpec,
  start: number,
): Promise<Omit<PictureData, 'faults'>> {
  const dashboard = grafanaDashboard(spec);
  const end = start + SHOWN_SECONDS;
  const overTime = async (query: string): Promise<PictureSeries[]> => {
    const series = await prometheus.queryRange(query, { start, end, step: STEP_SECONDS });
    return series
      .map((each) => stepped(each, start))
      .filter(({ values }) => values.some((value) => value !== null));
  };
  const ofPanel = (title: string): Promise<PictureSeries[]> => overTime(queryOf(dashboard, title, CHOICES));
  const objectivesTable = 'Objectives and what is left of their budgets';
  const atEnd = async (refId: string) => {
    const samples = await prometheus.query(queryOf(dashboard, objectivesTable, CHOICES, refId), end);
    return (policy: string, sli: string): number => {
      const sample = samples.find(({ labels }) => labels.policy === policy && labels.sli === sli);
      if (sample === undefined) throw new Error(`Nothing is known of the ${sli} of ${policy}.`);
      return rounded(sample.value);
    };
  };
  const [good, budgetLeft] = [await atEnd('B'), await atEnd('C')];
  const incidents = queriesOf(dashboard, CHOICES).find(({ where }) => where === 'annotation Incidents');
  const burnRates = await ofPanel('Burn rate now, by window');
  return {
    seconds: SHOWN_SECONDS,
    step: STEP_SECONDS,
    objectives: spec.slos.map(({ policy, sli, objective, thresholdMs }) => ({
      policy,
      sli,
      objective,
      ...(thresholdMs === undefined ? {} : { thresholdMs }),
      good: good(policy, sli),
      budgetLeft: budgetLeft(policy, sli),
    })),
    budgetLeft: await ofPanel('Error budget left'),
    burnRates: burnRates.filter(
      ({ labels }) => labels.sli === 'availability' && ['5m', '1h'].includes(labels.window ?? ''),
    ),
    pageAbove: 14.4,
    circuits: await ofPanel('Circuit states'),
    incidents: await overTime(incidents?.expr ?? ''),
    callsByOutcome: await ofPanel('Calls by outcome'),
    durations: await ofPanel('Call durations'),
  };
}

/** A series with a value for each step. */
function stepped({ labels, points }: RangeSeries, start: number): PictureSeries {
  const values = new Map(points.map(([time, value]) => [Math.round((time - start) / STEP_SECONDS), value]));
  const steps = Array.from({ length: SHOWN_SECONDS / STEP_SECONDS + 1 }, (_, at) => {
    const value = values.get(at);
    return value === undefined || Number.isNaN(value) ? null : rounded(value);
  });
  return { labels, values: steps };
}

/** As exact as a drawing needs it. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
