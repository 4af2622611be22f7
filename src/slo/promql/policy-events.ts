import { type Sli, slis } from '../../metrics/sli.ts';
import { SLI_EVENTS } from '../rules/recording.ts';
import { quoted } from '../rules/text.ts';
import { type RuleLabels, WINDOW_PLACEHOLDER } from '../spec/model.ts';
import { unquote } from './literals.ts';

/*
 * What other formats say of the events of a policy: they know queries only. Written in one form, they are known again
 * when such a file is read.
 */

/** The queries for a policy's bad events and for all of its events. */
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

/** A value in quotes, in which nothing is taken for a placeholder. */
function literal(value: string): string {
  return quoted(value).replace(/\{(?=\{)/g, '\\x7b');
}

/** The queries for a policy's events. */
export function policyQueries({ policy, sli, selector }: PolicyEvents): PolicyQueries {
  const matchers = Object.entries({ ...selector, policy, sli }).map(
    ([name, value]) => `${name}=${literal(value)}`,
  );
  const rate = (...all: readonly string[]) =>
    `sum(rate(${SLI_EVENTS}{${all.join(', ')}}[${WINDOW_PLACEHOLDER}]))`;
  return { bad: rate(...matchers, 'result="bad"'), total: rate(...matchers) };
}

const MATCHER = /([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")(?:, |$)/y;

/** Whose events queries are about that `policyQueries` wrote and `checkQuery` accepts; `undefined` for others. */
export function policyEventsOf({ bad, total }: PolicyQueries): PolicyEvents | undefined {
  const [start, end] = [`sum(rate(${SLI_EVENTS}{`, `}[${WINDOW_PLACEHOLDER}]))`];
  if (!total.startsWith(start) || !total.endsWith(end)) return undefined;
  const { policy, sli: word, ...selector } = matchersOf(total.slice(start.length, -end.length));
  const sli = slis.find((known) => known === word);
  if (policy === undefined || sli === undefined) return undefined;
  const events = { policy, sli, selector };
  const written = policyQueries(events);
  return written.bad === bad && written.total === total ? events : undefined;
}

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
