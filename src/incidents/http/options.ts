import { z } from 'zod';
import { callback, shown } from '../../core/options.ts';
import { readEndpoint } from './endpoint.ts';

/** A URL that is posted to. Messages repeat nothing of it: it may hold a secret. */
export function endpointOption(allowInsecure: boolean) {
  return z.unknown().transform((url, context) => {
    const endpoint = readEndpoint(url, allowInsecure);
    if (typeof endpoint !== 'string') return endpoint;
    context.addIssue({ code: 'custom', message: endpoint });
    return z.NEVER;
  });
}

/** What posts in place of the global `fetch`. */
export const fetchOption = callback<typeof globalThis.fetch>();

/** A key or token as HTTP and JSON take it. Messages never repeat it. */
export function secretOption(what: string) {
  return z.custom<string>((value) => typeof value === 'string' && /^[\x21-\x7e]{1,500}$/.test(value), {
    error: `must be ${what}: 1 to 500 characters without spaces`,
  });
}

/** An http or https URL for people to open. */
export const linkOption = z.custom<string>(
  (value) =>
    typeof value === 'string' &&
    value.length <= 2_000 &&
    /^https?:\/\/\S+$/.test(value) &&
    URL.canParse(value),
  { error: 'must be an absolute http or https URL of at most 2000 characters' },
);

/**
 * An object of strings that HTTP takes as headers, with their names in lower case. Messages name a header, never its
 * value.
 *
 * @param reserved what names the sink sets itself
 */
export function headersOption(reserved: RegExp) {
  return z
    .custom<Readonly<Record<string, string>>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      { error: (issue) => `must be an object of header names and values, not ${shown(issue.input)}` },
    )
    .superRefine((value, context) => {
      for (const [name, content] of Object.entries(value)) {
        const problem = headerProblem(name, content, reserved);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    })
    .transform((value) =>
      Object.fromEntries(Object.entries(value).map(([name, content]) => [name.toLowerCase(), content])),
    );
}

function headerProblem(name: string, content: unknown, reserved: RegExp): string | undefined {
  if (reserved.test(name)) return 'is set by the sink itself';
  if (typeof content !== 'string') return 'must be a string';
  try {
    new Headers([[name, content]]);
    return undefined;
  } catch {
    return 'must be a name and a value that HTTP allows';
  }
}
