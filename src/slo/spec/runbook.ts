import { z } from 'zod';
import { notA } from './wording.ts';

/** What stands for itself in the address of a runbook. */
export interface RunbookNames {
  readonly policy: string;
  readonly sli: string;
  readonly slo: string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const MAX_LENGTH = 2_000;

/** The address of the runbook of one objective; names are encoded for a URL. */
export function runbookAddress(template: string, { policy, sli, slo }: RunbookNames): string {
  const values = new Map([
    ['policy', policy],
    ['sli', sli],
    ['slo', slo],
  ]);
  return template.replace(PLACEHOLDER, (match, name: string) => {
    const value = values.get(name);
    return value === undefined ? match : encodeURIComponent(value);
  });
}

/** The schema of a runbook: a http or https URL in which `{policy}`, `{sli}` and `{slo}` are replaced. */
export const specRunbook = z.unknown().transform((value, context) => {
  const message = typeof value === 'string' ? templateProblem(value) : notA('the URL of a runbook', value);
  if (typeof value === 'string' && message === undefined) return value;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function templateProblem(template: string): string | undefined {
  if (template.length > MAX_LENGTH) return `must be a URL of at most ${MAX_LENGTH} characters`;
  const unknown = [...template.matchAll(PLACEHOLDER)].find(
    ([, name = '']) => !['policy', 'sli', 'slo'].includes(name),
  );
  if (unknown !== undefined) return `has '${unknown[0]}'; the placeholders are {policy}, {sli} and {slo}`;
  const address = runbookAddress(template, { policy: 'policy', sli: 'sli', slo: 'slo' });
  if (/[\s{}"<>\\^`|\p{Cc}\p{Cs}]/u.test(address))
    return 'must be a URL; it has characters that a URL has not';
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    return 'must be a URL that starts with http:// or https://, such as https://runbooks.example.com/{policy}/{sli}';
  }
  const { username, password } = new URL(address);
  return username === '' && password === '' ? undefined : 'must be a URL without credentials';
}
