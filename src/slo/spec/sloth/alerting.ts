import { type AlertSeverity, alertSeverities } from '../../burn-alerts.ts';
import type { SpecDocument, SpecPath } from '../document.ts';
import { parseDuration } from '../durations.ts';
import type { RuleLabels } from '../model.ts';
import type { SpecProblem } from '../problems.ts';
import { specRunbook } from '../runbook.ts';
import type { GivenAlerting } from './schema.ts';
import { templateText } from './templates.ts';

/** The name of the alerts that the rules have, whatever a file calls them. */
export const ALERT_NAME = 'SloErrorBudgetBurn';

/** What an objective's alerts say: the labels of each, and what its annotations are good for. */
export interface ReadAlerting {
  readonly path: SpecPath;
  readonly silenced: readonly AlertSeverity[];
  /** The labels of each alert that is not silenced. */
  readonly labels: Readonly<Record<AlertSeverity, RuleLabels | undefined>>;
  readonly runbook: string | undefined;
  readonly thresholdMs: number | undefined;
  readonly notes: readonly SpecProblem[];
}

const keys = { page: 'page_alert', ticket: 'ticket_alert' } as const;

/** Reads what is said of the alerts of the objective whose `alerting` stands at `path`. */
export function readAlerting(given: GivenAlerting, path: SpecPath, document: SpecDocument): ReadAlerting {
  const silenced = alertSeverities.filter((severity) => given[keys[severity]].disable);
  const labelsFor = (severity: AlertSeverity) =>
    silenced.includes(severity) ? undefined : { ...given.labels, ...given[keys[severity]].labels };
  const annotations = new Annotations(document);
  annotations.add(given.annotations, [...path, 'annotations']);
  for (const severity of alertSeverities) {
    if (!silenced.includes(severity)) {
      annotations.add(given[keys[severity]].annotations, [...path, keys[severity], 'annotations']);
    }
  }
  const { name } = given;
  return {
    path,
    silenced,
    labels: { page: labelsFor('page'), ticket: labelsFor('ticket') },
    runbook: annotations.runbook,
    thresholdMs: annotations.thresholdMs,
    notes: [
      ...(name === undefined || name === ALERT_NAME || silenced.length === 2
        ? []
        : [document.problem([...path, 'name'], `is not carried: the alerts are called ${ALERT_NAME}`)]),
      ...annotations.notes,
    ],
  };
}

/** Gathers what annotations are good for. */
class Annotations {
  runbook: string | undefined;
  thresholdMs: number | undefined;
  readonly notes: SpecProblem[] = [];
  readonly #document: SpecDocument;

  constructor(document: SpecDocument) {
    this.#document = document;
  }

  add(annotations: readonly (readonly [string, string])[], path: SpecPath): void {
    for (const [name, template] of annotations) {
      const why = this.#take(name, templateText(template));
      if (why !== undefined)
        this.notes.push(this.#document.keyProblem([...path, name], `is not carried: ${why}`));
    }
  }

  /** Why an annotation is not carried. */
  #take(name: string, text: string): string | undefined {
    if (name === 'threshold' && this.thresholdMs === undefined) {
      this.thresholdMs = parseDuration(text);
      if (this.thresholdMs !== undefined) return undefined;
    }
    if (name !== 'runbook' && name !== 'runbook_url') return 'the alerts have annotations of their own';
    const wrong = /[{}]/.test(text)
      ? 'it is no plain address'
      : specRunbook.safeParse(text).error?.issues[0]?.message;
    if (wrong !== undefined) return wrong.replace(/^must be/, 'it must be');
    if (this.runbook !== undefined && this.runbook !== text)
      return 'the objective has another runbook already';
    this.runbook = text;
    return undefined;
  }
}

/** The labels of a file's alerts, shared out: those of all pages, of all tickets, and of the objectives themselves. */
export interface SharedLabels {
  readonly page: RuleLabels;
  readonly ticket: RuleLabels;
  /** In the order of the objectives. */
  readonly own: readonly RuleLabels[];
  readonly problems: readonly SpecProblem[];
}

/**
 * Shares out the labels of alerts. All pages of a spec have the same labels, and all tickets have; what only those of one
 * objective have becomes labels of the objective, which its page and its ticket have in common.
 */
export function shareLabels(alertings: readonly ReadAlerting[], document: SpecDocument): SharedLabels {
  const common = { page: inCommon(alertings, 'page'), ticket: inCommon(alertings, 'ticket') };
  const own = alertings.map(
    ({ labels }): RuleLabels =>
      Object.assign({}, ...alertSeverities.map((severity) => without(labels[severity], common[severity]))),
  );
  const problems = alertings.flatMap(({ path, labels }, at) => {
    const wrong = Object.entries(own[at] ?? {}).find(
      ([name, value]) =>
        name === 'severity' || alertSeverities.some((severity) => lacks(labels[severity], name, value)),
    );
    if (wrong === undefined) return [];
    const message = `has alerts with a label '${wrong[0]}' that neither both of them nor those of all objectives have; put the objective into a file of its own`;
    return [document.keyProblem(path, message)];
  });
  const isOwn = (severity: AlertSeverity, name: string) =>
    alertings.every(({ labels }, at) => labels[severity] === undefined || Object.hasOwn(own[at] ?? {}, name));
  const shared = (severity: AlertSeverity) => filtered(common[severity], ([name]) => !isOwn(severity, name));
  return { page: shared('page'), ticket: shared('ticket'), own, problems };
}

/** The labels that all alerts of a severity have. */
function inCommon(alertings: readonly ReadAlerting[], severity: AlertSeverity): RuleLabels {
  const [first] = alertings.flatMap(({ labels }) =>
    labels[severity] === undefined ? [] : [labels[severity]],
  );
  return filtered(
    first ?? {},
    ([name, value]) => !alertings.some(({ labels }) => lacks(labels[severity], name, value)),
  );
}

/** Whether an alert that is not silenced has not this label. */
function lacks(labels: RuleLabels | undefined, name: string, value: string): boolean {
  return labels !== undefined && !has(labels, name, value);
}

function without(labels: RuleLabels | undefined, others: RuleLabels): RuleLabels {
  return filtered(labels ?? {}, ([name, value]) => !has(others, name, value));
}

function has(labels: RuleLabels, name: string, value: string): boolean {
  return Object.hasOwn(labels, name) && labels[name] === value;
}

function filtered(labels: RuleLabels, keep: (entry: readonly [string, string]) => boolean): RuleLabels {
  return Object.fromEntries(Object.entries(labels).filter(keep));
}
