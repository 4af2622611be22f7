import { InvalidOptionsError, type OptionsProblem } from '../../core/errors.ts';

/** A place in a text, as editors count: from 1; columns in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a spec file, and where in its text. */
export interface SpecProblem extends OptionsProblem, Position {}

/** Of a text of nothing but mistakes the first will do. */
const MAX_PROBLEMS = 100;

/**
 * A spec file cannot be used. `problems` has all that is wrong with it, in the order of the text; of more than 100 the
 * first 100.
 */
export class SpecError extends InvalidOptionsError {
  declare readonly problems: readonly SpecProblem[];
  /** How many problems were left out of `problems`. */
  readonly omitted: number;

  /**
   * @param problems at least one, in any order
   * @param subject what cannot be used, for the message
   */
  constructor(problems: readonly SpecProblem[], subject = 'The spec cannot be used') {
    const sorted = [...problems].sort(byPosition);
    super('', subject, sorted.slice(0, MAX_PROBLEMS));
    this.omitted = Math.max(0, sorted.length - MAX_PROBLEMS);
    this.message = `${subject}:\n${this.report()}`;
  }

  override get name(): string {
    return 'SpecError';
  }

  /**
   * The problems as compilers print them, one a line: `slo.yaml:7:17 policies.database.availability: must be ...`.
   *
   * @param fileName of the file that the text came from. Default: none, and the lines start with two spaces.
   */
  report(fileName?: string): string {
    const start = fileName === undefined ? '  ' : `${fileName}:`;
    const lines = this.problems.map((problem) => `${start}${problemText(problem)}`);
    if (this.omitted > 0) lines.push(`${start === '  ' ? start : ''}and ${this.omitted} more`);
    return lines.join('\n');
  }
}

/** What a spec notes of its file, a line each as compilers print them, in the order of the text; at most 101. */
export function noteLines(notes: readonly SpecProblem[], fileName: string): readonly string[] {
  const sorted = [...notes].sort(byPosition);
  const lines = sorted.slice(0, MAX_PROBLEMS).map((note) => printable(`${fileName}:${problemText(note)}`));
  const omitted = sorted.length - lines.length;
  return omitted > 0 ? [...lines, `and ${omitted} more`] : lines;
}

function problemText({ line, column, path, message }: SpecProblem): string {
  return `${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}

function byPosition(a: Position, b: Position): number {
  return a.line - b.line || a.column - b.column;
}

/** What a terminal or an editor would take for something else than text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` from a file, as it may be printed: what cannot be seen is written as an escape. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A path in words, as `policies.database.availability`, `slos[0].name` or `policies["my database"]`. */
export function pathOf(parts: readonly PropertyKey[]): string {
  return parts
    .map((part, at) => {
      if (typeof part === 'number') return `[${part}]`;
      const key = String(part);
      if (!/^[\w-]+$/.test(key)) return `["${printable(shortened(key).replace(/["\\]/g, '\\$&'))}"]`;
      return at === 0 ? shortened(key) : `.${shortened(key)}`;
    })
    .join('');
}

function shortened(key: string): string {
  return key.length > 128 ? `${key.slice(0, 128)}...` : key;
}
