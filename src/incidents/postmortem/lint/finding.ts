/**
 * What is wrong with a post-mortem.
 *
 * - `blank`: nothing was written where people must write.
 * - `missing-section`: a section is not there.
 * - `no-action`: there is no action, and no decision to accept that it may happen again.
 * - `action-without-owner`, `action-without-date`: nobody does it, or at no day that the calendar has.
 * - `relies-on-people`: a cause or an action asks people to try harder.
 * - `blames-person`: a person is the cause.
 * - `hindsight`: it says what people should have known, not why they did what they did.
 * - `accepted-without-reason`: that it may happen again is accepted, and why is not said.
 */
export const lintRules = [
  'blank',
  'missing-section',
  'no-action',
  'action-without-owner',
  'action-without-date',
  'relies-on-people',
  'blames-person',
  'hindsight',
  'accepted-without-reason',
] as const;
/** A rule for post-mortems. */
export type LintRule = (typeof lintRules)[number];

/** Something that a post-mortem lacks or should not say. */
export interface LintFinding {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  readonly rule: LintRule;
  /** What is wrong, why, and what to write instead; in the language of the post-mortem. */
  readonly message: string;
}
