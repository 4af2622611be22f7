import { z } from 'zod';
import { flag, options, shown, textUpTo } from '../../core/options.ts';

/** What to do when a dependency is in trouble: the option `runbook` of a policy. */
export interface Runbook {
  /** Up to 200 characters. */
  readonly title: string;
  /** Where the whole of it is; http or https. */
  readonly url?: string | undefined;
  /** In order, 1 to 50. */
  readonly steps: readonly RunbookStep[];
}

/** A step of a runbook. It is done before the next, and checked. */
export interface RunbookStep {
  /** What to do, up to 500 characters. */
  readonly text: string;
  /** A command to copy, up to 2 000 characters. The library never runs it. */
  readonly command?: string | undefined;
  /** Where more is said; http or https. */
  readonly link?: string | undefined;
  /** How one sees that it worked, up to 500 characters. */
  readonly check: string;
  /** Whether another person than the one who does it must check it. Default `false`. */
  readonly twoPeople?: boolean | undefined;
}

const link = z.custom<string>((value) => typeof value === 'string' && isLink(value), {
  error: ({ input }) => `must be a http or https URL without credentials, not ${shown(input)}`,
});

function isLink(value: string): boolean {
  if (value.length > 2_000 || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

const step = options(
  {
    text: textUpTo(500),
    command: textUpTo(2_000).optional(),
    link: link.optional(),
    check: textUpTo(500),
    twoPeople: flag.default(false),
  },
  "a step, such as { text: 'Fail over', check: 'Queries succeed' }",
);

/** Checks the option `runbook`. */
export const runbookSchema = options(
  {
    title: textUpTo(200),
    url: link.optional(),
    steps: z
      .array(step, { error: ({ input }) => `must be an array of steps, not ${shown(input)}` })
      .min(1, { error: 'must have at least one step' })
      .max(50, { error: 'must have at most 50 steps' }),
  },
  'a runbook, such as { title, steps: [{ text, check }] }',
);
