import { createHash } from 'node:crypto';
import type { SloSpec } from '../spec/model.ts';
import { annotations } from './annotations.ts';
import { processFigures, recordedFigures } from './figures.ts';
import type { Row } from './json.ts';
import { laidOut } from './layout.ts';
import { budgetsRow } from './rows/budgets.ts';
import { callsRow } from './rows/calls.ts';
import { circuitsRow } from './rows/circuits.ts';
import { effortRow } from './rows/effort.ts';
import { incidentsRow } from './rows/incidents.ts';
import { objectivesRow } from './rows/objectives.ts';
import { promisesRow } from './rows/promises.ts';
import { thresholdsOf, usualThresholds } from './thresholds.ts';
import { variables } from './variables.ts';

/** Grafana 10.0; later versions bring it up to date by themselves. */
const SCHEMA_VERSION = 38;

/**
 * A Grafana dashboard, as JSON to be imported or provisioned: objectives and their error budgets, burn rates, circuit
 * states, calls, attempts and incidents. Its data source is a variable, to be chosen from those that are there.
 *
 * With a spec, what it shows of objectives is what the rules of that spec have recorded for the service as a whole,
 * and it draws the spec's own thresholds. Without one it needs no rules: it shows what the processes report about
 * themselves, for whatever job is chosen, with the thresholds of a budget of 30 days. The two are never mixed in one
 * panel, since a process that restarts forgets what the rules remember.
 */
export function grafanaDashboard(spec?: SloSpec): object {
  const figures = spec === undefined ? processFigures() : recordedFigures(spec);
  const thresholds = spec === undefined ? usualThresholds : thresholdsOf(spec);
  const rows: readonly Row[] = [
    objectivesRow(figures, thresholds),
    budgetsRow(figures, thresholds),
    circuitsRow(figures),
    callsRow(figures, thresholds),
    effortRow(figures),
    incidentsRow(figures),
    ...(spec === undefined ? [] : [promisesRow(spec)]),
  ];
  return {
    // Grafana gives it an id of its own; the uid lets a second import replace the first.
    id: null,
    uid: uidOf(spec),
    title: spec === undefined ? 'breakwater' : `${withoutVariables(spec.service)}: service levels`,
    description:
      'Service level objectives, error budgets and what protects the calls to dependencies. Made by breakwater.',
    tags: ['breakwater', 'slo'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: '',
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    links: [],
    templating: { list: variables(spec) },
    annotations: { list: annotations(figures) },
    panels: laidOut(rows),
  };
}

const MAX_UID_LENGTH = 40;
const UID_PREFIX = 'breakwater';

/** The same for the same service, and another for another; Grafana allows letters, digits, dashes and underscores. */
function uidOf(spec: SloSpec | undefined): string {
  if (spec === undefined) return UID_PREFIX;
  const plain = `${UID_PREFIX}-${spec.service}`;
  if (/^[A-Za-z0-9_-]+$/.test(plain) && plain.length <= MAX_UID_LENGTH) return plain;
  return `${UID_PREFIX}-${createHash('sha256').update(spec.service).digest('hex').slice(0, 16)}`;
}

/** Text from outside in which Grafana finds no variable. */
function withoutVariables(outside: string): string {
  // A word joiner, which is not seen, stands between a sign and what Grafana looks for behind it.
  return outside.replace(/\$|\[(?=\[)/g, '$&\u2060');
}
