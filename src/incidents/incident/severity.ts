import { shown } from '../../core/options.ts';
import type { Criticality } from '../../core/policy.ts';
import { redact } from '../redact.ts';

/** How bad an incident is, worst first. */
export const severities = ['Critical', 'High', 'Medium', 'Low'] as const;
/** How bad an incident is. */
export type Severity = (typeof severities)[number];

/**
 * Whether the policy's fallbacks answer those whose calls fail.
 *
 * - `none`: the policy has no fallback.
 * - `untested`: it has one, and no call has needed it since the incident began.
 * - `serving`: it answered at least nine of ten calls that needed it.
 * - `failing`: it answered fewer.
 */
export type FallbackState = 'none' | 'untested' | 'serving' | 'failing';

/** What a severity rule decides by. */
export interface SeverityFacts {
  readonly policy: string;
  readonly criticality: Criticality;
  readonly fallback: FallbackState;
  /** Calls since the last look that a fallback answered. */
  readonly served: number;
  /** Calls since the last look that failed, timed out or were turned away, with nothing to answer them. */
  readonly hurt: number;
  /** How long the incident has lasted, in milliseconds. */
  readonly ageMs: number;
}

/** A severity with the reason for it, one sentence for people. */
export interface SeverityDecision {
  readonly severity: Severity;
  readonly why: string;
}

/** Decides how bad an incident is. Called when it opens and at each look while it lasts. */
export type SeverityRule = (facts: SeverityFacts) => SeverityDecision;

const byCriticality: Readonly<Record<Criticality, Severity>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

/** The default rule: as severe as the policy is critical, and one step less while a fallback serves its callers. */
export const severityByImpact: SeverityRule = ({ policy, criticality, fallback, served, hurt }) => {
  const full = byCriticality[criticality];
  const subject = `'${policy}' is of ${criticality} criticality`;
  switch (fallback) {
    case 'none':
      return { severity: full, why: `${subject} and has no fallback.` };
    case 'failing':
      return {
        severity: full,
        why: `${subject} and its fallback answers ${served} of ${served + hurt} calls.`,
      };
    case 'serving':
      return { severity: oneStepLess(full), why: `${subject}, and its fallback serves the callers.` };
    case 'untested':
      return {
        severity: oneStepLess(full),
        why: `${subject} and has a fallback, which no call has needed so far.`,
      };
  }
};

/** What `rule` decides. Where it throws or gives no severity, `onError` is told and the default rule decides. */
export function decideSeverity(
  rule: SeverityRule | undefined,
  facts: SeverityFacts,
  onError: (error: unknown) => void,
): SeverityDecision {
  if (rule === undefined) return severityByImpact(facts);
  try {
    const { severity, why } = rule(facts);
    if (severities.includes(severity)) return { severity, why: redact(String(why)) };
    throw new TypeError(
      `the severity rule gave ${shown(severity)}: expected one of ${severities.join(', ')}`,
    );
  } catch (error) {
    onError(error);
    return severityByImpact(facts);
  }
}

function oneStepLess(severity: Severity): Severity {
  return severities[severities.indexOf(severity) + 1] ?? 'Low';
}

/** Whether `a` is worse than `b`. */
export function isWorse(a: Severity, b: Severity): boolean {
  return severities.indexOf(a) < severities.indexOf(b);
}
