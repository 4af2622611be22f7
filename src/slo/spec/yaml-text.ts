/** A value as YAML text, to be put behind a key or a dash as it is. */
export class Yaml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A mapping to write; what is `undefined` is left out. */
export type YamlMapping = ReadonlyMap<string, YamlValue | undefined>;
/** What can be written as YAML: texts, ready values, and mappings of them. */
export type YamlValue = string | Yaml | YamlMapping;

/** Characters that cannot be seen, or that YAML does not take as they are. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}]/u;
const UNSEEN_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}]/u;

/** Words that some version of YAML takes for something else than text. */
const WORD = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text that nothing in YAML mistakes, of whatever version, as a key, and inside of brackets too. */
const PLAIN = /^[A-Za-z_][\w./-]*$/;

/** As `PLAIN`, for what stands behind a key in block style: no number, and no sign of YAML at its start. */
const PLAIN_LINE = /^(?:[A-Za-z_(]|[0-9]+ ).*$/;

/** A text as a scalar in one line. */
export function inlineText(text: string): string {
  if (PLAIN.test(text) && !WORD.test(text)) return text;
  if (/["\\]/.test(text) && !UNSEEN.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(new RegExp(UNSEEN, 'gu'), escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A text of one or more lines, behind a key that stands `indent` columns in. */
function blockText(text: string, indent: string): string {
  if (PLAIN_LINE.test(text) && !/: |:$| #| $/.test(text) && !UNSEEN.test(text) && !WORD.test(text))
    return text;
  const isBlock = /\n./.test(text) && /^\S/.test(text) && /\S\n?$/.test(text) && !UNSEEN_IN_LINES.test(text);
  if (!isBlock) return inlineText(text);
  const ends = text.endsWith('\n');
  const lines = (ends ? text.slice(0, -1) : text).split('\n');
  return `${ends ? '|' : '|-'}\n${lines.map((line) => (line === '' ? '' : `${indent}  ${line}`)).join('\n')}`;
}

/** The lines of a mapping, in block style. */
export function blockMapping(mapping: YamlMapping, indent = ''): string {
  return [...mapping]
    .map(([key, value]) =>
      value === undefined ? '' : `${indent}${inlineText(key)}:${behindKey(value, indent)}\n`,
    )
    .join('');
}

function behindKey(value: YamlValue, indent: string): string {
  if (value instanceof Yaml) return ` ${value.text}`;
  if (typeof value === 'string') return ` ${blockText(value, indent)}`;
  return `\n${blockMapping(value, `${indent}  `).trimEnd()}`;
}

/** A mapping in one line: `{ objective: 99%, threshold: 200ms }`. */
export function inlineMapping(mapping: YamlMapping): Yaml {
  const entries = [...mapping].flatMap(([key, value]) =>
    value === undefined ? [] : [`${inlineText(key)}: ${inlineValue(value)}`],
  );
  return new Yaml(entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`);
}

function inlineValue(value: YamlValue): string {
  if (value instanceof Yaml) return value.text;
  return typeof value === 'string' ? inlineText(value) : inlineMapping(value).text;
}
