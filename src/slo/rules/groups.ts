import { Document } from 'yaml';
import type { RuleLabels } from '../spec/model.ts';
import { wellFormed } from './text.ts';

/** A rule that records what its expression gives, under a name and with labels. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: RuleLabels;
}

/** A rule that alerts while its expression gives something. Labels and annotations are templates of Go. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** For how long it must have done so, in Prometheus' notation. */
  readonly for?: string | undefined;
  readonly labels: RuleLabels;
  readonly annotations: RuleLabels;
}

/** Rules that are evaluated one after the other, at one and the same time. */
export interface RuleGroup {
  /** Unique in its file. */
  readonly name: string;
  /** How often it is evaluated, in Prometheus' notation; without it, as often as Prometheus is set to. */
  readonly interval?: string | undefined;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/**
 * Writes YAML that Go's parser reads the same as this one wrote it: strings that YAML 1.1 takes for something else
 * are quoted too, and lines are never folded.
 *
 * @param header lines of a comment at its top
 */
export function yamlText(content: unknown, header: readonly string[]): string {
  const document = new Document(content, { version: '1.1', aliasDuplicateObjects: false, merge: false });
  document.directives = undefined;
  const comment = header.map((line) => `# ${oneLine(line)}`.trimEnd()).join('\n');
  return `${comment}\n\n${document.toString({ lineWidth: 0, blockQuote: 'literal', indentSeq: true })}`;
}

/** Text of a comment: what could end the line is a space. */
function oneLine(text: string): string {
  return wellFormed(text).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
