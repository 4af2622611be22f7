import type { LintFinding } from './lint/finding.ts';
import { acceptanceFindings, actionFindings, blankFindings, sectionFindings } from './lint/form.ts';
import { lintMessages } from './lint/messages.ts';
import { proseFindings } from './lint/prose.ts';
import { readSource } from './lint/source.ts';

export type { LintFinding, LintRule } from './lint/finding.ts';

/**
 * What a post-mortem lacks, and what it calls prevention or a cause that is none, in English and Japanese: blanks,
 * missing sections, actions without owner or date, people who are to try harder or to blame, hindsight, and a risk that
 * is accepted without a reason. What is only reported (the timeline, symptoms, dead ends, ...), quotes and code are not
 * judged. In the order of the file.
 */
export function lintPostmortem(markdown: string): readonly LintFinding[] {
  const source = readSource(markdown);
  const messages = lintMessages[source.language];
  const findings = [
    ...sectionFindings(source, messages),
    ...blankFindings(source, messages),
    ...actionFindings(source, messages),
    ...acceptanceFindings(source, messages),
    ...proseFindings(source, messages),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
  // Phrases overlap: one finding for each rule and place.
  return findings.filter(
    ({ line, column, rule, message }, index) =>
      findings.findIndex(
        (other) =>
          other.line === line &&
          other.column === column &&
          other.rule === rule &&
          (rule === 'missing-section' ? other.message === message : true),
      ) === index,
  );
}
