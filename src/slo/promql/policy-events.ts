import { type Sli, slis } from '../../metrics/sli.ts';
import { SLI_EVENTS } from '../rules/recording.ts';
import { quoted } from '../rules/text.ts';
import { type RuleLabels, WINDOW_PLACEHOLDER } from '../spec/model.ts';
import { unquote } from './literals.ts';

/*
 * What other formats say of the events of a policy: they know queries only. Written in one form, they are known again
 * when such a file is read.
 */

/** What PromQL says of a policy's bad events and of all of its events. */
export interface PolicyQueries {
  readonly bad: string;
  readonly total: string;
}

/** Whose events queries are about. */
export interface PolicyEvents {
  readonly policy: string;
  readonly sli: Sli;
  readonly selector: RuleLabels;
}

/** The series that count a policy's events. */
export function policySeries({ policy, sli, selector }: PolicyEvents): PolicyQueries {
  const matchers = Object.entries({ ...selector, policy, sli }).map(
    ([name, value]) => `${name}=${literal(value)}`,
  );
  const series = (...all: readonly string[]) => `${SLI_EVENTS}{${all.join(', ')}}`;
  return { bad: series(...matchers, 'result="bad"'), total: series(...matchers) };
}

/** A value in quotes, in which nothing is taken for a placeholder. */
function literal(value: string): string {
  return quoted(value).replace(/\{(?=\{)/g, '\\x7b');
}

/** The queries for a policy's events. */
export function policyQueries(events: PolicyEvents): PolicyQueries {
  const { bad, total } = policySeries(events);
  const rate = (series: string) => `sum(rate(${series}[${WINDOW_PLACEHOLDER}]))`;
  return { bad: rate(bad), total: rate(total) };
}

const OVER_WINDOW = /^sum\((?:rate|increase)\((.*)\[\{\{\.window\}\}\]\)\)$/s;

/**
 * Whose events queries are about that `policyQueries` wrote, or such with `increase` for `rate`, and that `checkQuery`
 * accepts; `undefined` for others.
 */
export function policyEventsOf(queries: PolicyQueries): PolicyEvents | undefined {
  const [bad, total] = [queries.bad, queries.total].map((query) => OVER_WINDOW.exec(query)?.[1]);
  const start = `${SLI_EVENTS}{`;
  if (total === undefined || !total.startsWith(start) || !total.endsWith('}')) return undefined;
  const { policy, sli: word, ...selector } = matchersOf(total.slice(start.length, -1));
  const sli = slis.find((known) => known === word);
  if (policy === undefined || sli === undefined) return undefined;
  const events = { policy, sli, selector };
  const written = policySeries(events);
  return written.bad === bad && written.total === total ? events : undefined;
}

const MATCHER = /([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")(?:, |$)/y;

function matchersOf(text: string): Record<string, string> {
  const labels: [string, string][] = [];
  MATCHER.lastIndex = 0;
  for (let at = 0; at < text.length; at = MATCHER.lastIndex) {
    MATCHER.lastIndex = at;
    const [, name = '', value = ''] = MATCHER.exec(text) ?? [];
    if (name === '') return {};
    labels.push([name, unquote(value, 0)]);
  }
  return Object.fromEntries(labels);
}
