import { Document, Scalar, visit } from 'yaml';
import type { RuleLabels } from '../spec/model.ts';
import { escapeUnseen, hasUnseen, wellFormed } from './text.ts';

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
 * Writes YAML that Go's parser reads the same as this one wrote it: strings that YAML 1.1 takes for something else are
 * quoted too, what cannot be seen is written by its number, and lines are never folded.
 *
 * @param header lines of a comment at its top
 */
export function yamlText(content: unknown, header: readonly string[]): string {
  const document = new Document(content, { version: '1.1', aliasDuplicateObjects: false, merge: false });
  document.directives = undefined;
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value !== 'string') return;
      const text = wellFormed(node.value);
      node.value = text;
      if (hasUnseen(text)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const comment = header.map((line) => `# ${oneLine(line)}`.trimEnd()).join('\n');
  const body = document.toString({ lineWidth: 0, blockQuote: 'literal' });
  return `${comment}\n\n${escapeUnseen(body)}`;
}

/** Text of a comment: what could end the line, or is nothing to see, is a space. */
function oneLine(text: string): string {
  return wellFormed(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}]+/gu, ' ');
}
