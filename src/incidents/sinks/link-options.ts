import { z } from 'zod';
import { shown } from '../../core/options.ts';
import { linkOption } from '../http/options.ts';
import { safeLink } from './safe-text.ts';

/** Where the runbook is: one URL for all policies, or one for each. */
export type RunbookUrl = string | Readonly<Record<string, string>>;

/** Checks a `RunbookUrl`. */
export const runbookUrlOption = z
  .union([z.string(), z.record(z.string(), z.string())], {
    error: (issue) => `must be a URL, or an object of policies and URLs, not ${shown(issue.input)}`,
  })
  .superRefine((value, context) => {
    const urls = typeof value === 'string' ? [['', value] as const] : Object.entries(value);
    for (const [policy, url] of urls) {
      if (linkOption.safeParse(url).success && safeLink(url) !== undefined) continue;
      context.addIssue({
        code: 'custom',
        path: policy === '' ? [] : [policy],
        message: 'must be an absolute http or https URL without credentials',
      });
    }
  });

/** The runbook of `policy`; `undefined` where there is none. */
export function runbookOf(runbookUrl: RunbookUrl | undefined, policy: string): string | undefined {
  if (typeof runbookUrl === 'string' || runbookUrl === undefined) return runbookUrl;
  return Object.hasOwn(runbookUrl, policy) ? runbookUrl[policy] : undefined;
}
