/** One sample of a metrics text. */
export interface ExpositionSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** Its line, from 1. */
  readonly line: number;
}

/** A line that is no sample, and where in it reading stopped. */
export interface ExpositionProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*|"[^"\\]*(?:\\.[^"\\]*)*")[ \t]*/y;
const LABEL_VALUE = /=[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*/y;
// A value, and behind it a time stamp and, in OpenMetrics, an exemplar.
const VALUE = /[ \t]*([^\s#]+)(?:[ \t]+-?[\d.eE+-]+)?[ \t]*(?:#[ \t].*)?$/y;

/**
 * Reads the samples of a metrics text, in Prometheus' text format (0.0.4) or OpenMetrics (1.0), whose names start with
 * `prefix`. Lines of other metrics are checked as well, so that what is no metrics text is found out.
 */
export function readExposition(
  text: string,
  prefix: string,
): { readonly samples: readonly ExpositionSample[]; readonly problem?: ExpositionProblem | undefined } {
  const samples: ExpositionSample[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    line += 1;
    const lineFeed = text.indexOf('\n', start);
    const end = lineFeed === -1 ? text.length : lineFeed;
    const content = text.slice(start, end).trimEnd();
    start = end + 1;
    if (/^\s*(?:#|$)/.test(content)) continue;
    const read = readLine(content);
    if ('message' in read) return { samples, problem: { line, ...read } };
    if (read.name.startsWith(prefix)) samples.push({ ...read, line });
  }
  return { samples };
}

type LineReading = Omit<ExpositionSample, 'line'> | Omit<ExpositionProblem, 'line'>;

function readLine(content: string): LineReading {
  let at = content.search(/\S/);
  const named = matchAt(NAME, content, at);
  let name = named?.[0] ?? '';
  at += name.length;
  if (name === '' && content[at] !== '{') return stoppedAt(at, 'is no sample of a metric');
  const labels = new Map<string, string>();
  const braces = matchAt(/[ \t]*\{/y, content, at);
  if (braces !== null) {
    at += braces[0].length;
    for (;;) {
      const label = matchAt(LABEL, content, at);
      if (label !== null) {
        at += label[0].length;
        const value = matchAt(LABEL_VALUE, content, at);
        const key = unquoted(label[1] ?? '');
        // A name with characters of its own stands in the braces, quoted.
        if (value === null && name === '') name = key;
        else if (value === null) return stoppedAt(at, 'a label needs a value in double quotes');
        else if (labels.has(key)) return stoppedAt(at, `has the label ${key} twice`);
        else labels.set(key, unescaped(value[1] ?? ''));
        at += value?.[0].length ?? 0;
      }
      const next = content[at];
      at += 1;
      if (next === '}') break;
      if (next !== ',' || label === null) return stoppedAt(at - 1, 'is no list of labels');
    }
  }
  const value = matchAt(VALUE, content, at);
  const number = value === null ? undefined : numberOf(value[1] ?? '');
  if (number === undefined) return stoppedAt(at, 'a sample needs a number');
  return { name, labels, value: number };
}

function stoppedAt(at: number, message: string): { readonly column: number; readonly message: string } {
  return { column: at + 1, message };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unquoted(name: string): string {
  return name.startsWith('"') ? unescaped(name.slice(1, -1)) : name;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (match, character: string) => {
    if (character === 'n') return '\n';
    return character === '\\' || character === '"' ? character : match;
  });
}

function numberOf(text: string): number | undefined {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
