import { InvalidOptionsError, type OptionsProblem } from '../../../core/errors.ts';
import { shown, suggest } from '../../../core/options.ts';
import { type Severity, severities } from '../../incident/severity.ts';
import { type IncidentStatus, incidentStatuses } from '../../incident/status.ts';
import { fold } from './fields.ts';

/** Words and phrases at most; what is more is not looked at. */
const MAX_TERMS = 20;
const filters = ['policy', 'severity', 'status', 'drill', 'since', 'until'] as const;
const DAY_MS = 86_400_000;
const units: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };

/** A query, taken apart. */
export interface SearchQuery {
  /** What must occur, folded. */
  readonly terms: readonly string[];
  /** What must not. */
  readonly without: readonly string[];
  readonly policies: readonly string[];
  readonly severities: readonly Severity[];
  readonly statuses: readonly IncidentStatus[];
  readonly drill: boolean | undefined;
  /** Times in milliseconds since the epoch: from `since` on, and before `until`. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Takes a query apart. A word before a colon that is no filter is a word like others. */
export function parseQuery(query: string, now: number): SearchQuery {
  const terms: string[] = [];
  const without: string[] = [];
  const given: Record<(typeof filters)[number], string[]> = {
    policy: [],
    severity: [],
    status: [],
    drill: [],
    since: [],
    until: [],
  };
  for (const { groups } of query.matchAll(TOKEN)) {
    const { minus = '', key = '', phrase, word = '' } = groups ?? {};
    const value = (phrase ?? word).trim();
    const filter = filters.find((name) => name === key.slice(0, -1).toLowerCase());
    if (filter !== undefined && minus === '') given[filter].push(value);
    else {
      const term = fold(`${key}${value}`).replace(/\s+/g, ' ');
      if (term !== '') (minus === '' ? terms : without).push(term);
    }
  }
  const problems: OptionsProblem[] = [];
  const parsed: SearchQuery = {
    terms: terms.slice(0, MAX_TERMS),
    without: without.slice(0, MAX_TERMS),
    policies: given.policy.map((name) => name.toLowerCase()),
    severities: given.severity.flatMap((name) => named('severity', name, severities, problems)),
    statuses: given.status.flatMap((name) => named('status', name, incidentStatuses, problems)),
    drill:
      given.drill.flatMap((name) => named('drill', name, ['yes', 'no'], problems)).at(-1) === undefined
        ? undefined
        : given.drill.at(-1)?.toLowerCase() === 'yes',
    since: given.since.map((text) => timeOf('since', text, now, problems)).at(-1),
    until: given.until.map((text) => timeOf('until', text, now, problems)).at(-1),
  };
  if (problems.length > 0) throw new InvalidOptionsError('', 'The query cannot be used', problems);
  return parsed;
}

const TOKEN = /(?<minus>-(?=\S))?(?<key>[A-Za-z]+:)?(?:"(?<phrase>[^"]*)"?|(?<word>[^\s"]+))/g;

function named<Name extends string>(
  filter: string,
  text: string,
  names: readonly Name[],
  problems: OptionsProblem[],
): readonly Name[] {
  const found = text
    .split(',')
    .flatMap((part) => names.find((name) => name.toLowerCase() === part.toLowerCase()) ?? []);
  if (found.length === text.split(',').length) return found;
  const suggestion = suggest(text, names);
  problems.push({
    path: filter,
    message: `must be ${names.join(', ')}, not ${shown(text)}${suggestion === undefined ? '' : `; did you mean '${suggestion}'?`}`,
  });
  return [];
}

function timeOf(filter: string, text: string, now: number, problems: OptionsProblem[]): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (amount !== undefined) return now - Number(amount) * (units[unit] ?? DAY_MS);
  const at = /^\d{4}-\d{2}(?:-\d{2}(?:T[\d:.]+Z)?)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  problems.push({
    path: filter,
    message: `must be a day such as 2026-03-01 or a time back such as 30d, not ${shown(text)}`,
  });
  return undefined;
}
