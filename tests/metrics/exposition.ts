/** One line of the text format. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** OpenMetrics only. */
  readonly exemplar?: ParsedExemplar;
}

/** What a sample of OpenMetrics may end with. */
export interface ParsedExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** A scrape, read strictly: what is not the text format throws. */
export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly ParsedSample[];
  /** The one sample of that name and exactly these labels; `undefined` where there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** All samples of that name that have these labels. */
  all(name: string, labels?: Readonly<Record<string, string>>): readonly ParsedSample[];
}

const LABELS = /\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\}/su.source;
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:${LABELS})? (\\S+)(?: # ${LABELS} (\\S+) (\\S+))?$`,
  'su',
);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/uy;

/** Reads the Prometheus text format, or OpenMetrics. */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples: ParsedSample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line === '# EOF') continue;
    if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ');
      if (types.has(name)) throw new Error(`two TYPE lines for ${name}`);
      types.set(name, type);
      continue;
    }
    const match = SAMPLE.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name = '', labelText = '', valueText = '', exemplarText, exemplarValue = '', timestamp = ''] =
      match;
    const sample: ParsedSample = {
      name,
      labels: parseLabels(labelText),
      value: parseValue(valueText),
      ...(exemplarText === undefined
        ? {}
        : {
            exemplar: {
              labels: parseLabels(exemplarText),
              value: parseValue(exemplarValue),
              timestamp: parseValue(timestamp),
            },
          }),
    };
    const identity = JSON.stringify([name, Object.entries(sample.labels).sort()]);
    if (seen.has(identity)) throw new Error(`two samples of ${line}`);
    seen.add(identity);
    samples.push(sample);
  }
  const all = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  const value = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    all(name, labels).find((sample) => Object.keys(sample.labels).length === Object.keys(labels).length)
      ?.value;
  return { types, samples, all, value };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`not labels: ${text}`);
    const [, name = '', escaped = ''] = match;
    if (name in labels) throw new Error(`label ${name} twice: ${text}`);
    labels[name] = escaped.replace(/\\(.)/gu, (_, character) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw new Error(`not a value: ${text}`);
  return value;
}
