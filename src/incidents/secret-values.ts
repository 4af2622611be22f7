/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** What the name of a secret ends with. */
const NAMES =
  'passwor[dt]|passwords|passwd|passphrase|passcode|pwd|secrets?|token|credentials?|(?:api|access|private|signing|encryption)[_-]?key|session[_-]?id|パスワード|暗証番号';
/** The same where a text says `pass` only: a word of its own must be seen to be a name. */
const SHORT = `[_-]pass|(?<![a-z0-9])pass(?==)|(?<=["'])pass(?=\\\\{0,15}["'])`;
/** A quote that ends a name, escaped as often as JSON stands in JSON. */
const QUOTE = `(?:\\\\{0,15}["'])?`;
const SEPARATOR = '\\s{0,200}(?:=>|:{1,2}=?|={1,2}|[：＝])\\s{0,200}';
/** What was signed may be done by whoever has the signature. */
const SIGNATURE = '[_-]signature|(?<![a-z0-9])signature(?==)';

/** Each ends where a secret begins. */
const before: readonly RegExp[] = [
  new RegExp(`(?:${NAMES}|${SHORT}|${SIGNATURE})${QUOTE}${SEPARATOR}`, 'gi'),
  // With only space between, the name must be one that no sentence has, or the value must be quoted.
  new RegExp(
    `(?:[_-](?:${NAMES}|pass|key)|pgpassword)\\s{1,60}(?:(?:is|was)\\s{1,5})?(?![\\s:=：＝]|is\\s|was\\s)`,
    'gi',
  ),
  /[a-z](?:Password|Passphrase|Secret|Token|Key)\s{1,60}(?![\s:=：＝])/g,
  /(?:password|passwd|passphrase|secret)\s{1,60}(?=\\{0,15}["'])/gi,
  // What a statement was given, as PostgreSQL logs it.
  /\$\d{1,5}\s{0,3}=\s{0,3}(?=\\{0,15}')/g,
];

const SECRET_NAME = new RegExp(
  `(?:${NAMES}|(?:^|[_-])pass|[_-]signature|authorization|(?:^|[_-])cookies?)["'\\s]{0,5}$`,
  'i',
);

const SECRET_CAMEL_NAME = /[a-z0-9]Pass$/;

/** Whether what stands under a name is a secret, whatever it is. */
export function tellsSecret(name: string): boolean {
  const end = name.slice(-100);
  return SECRET_NAME.test(end) || SECRET_CAMEL_NAME.test(end);
}

/** `text` without the values that stand beside the name of a secret. Each character is looked at a few times at most. */
export function withoutSecretValues(text: string): string {
  let safe = text;
  for (const pattern of before) safe = withoutValuesAfter(safe, pattern);
  return safe;
}

function withoutValuesAfter(text: string, pattern: RegExp): string {
  let safe = '';
  let from = 0;
  pattern.lastIndex = 0;
  while (pattern.exec(text) !== null) {
    const start = pattern.lastIndex;
    const end = valueEnd(text, start);
    if (end === start) continue;
    safe += text.slice(from, start) + REDACTED;
    from = end;
    pattern.lastIndex = end;
  }
  pattern.lastIndex = 0;
  return safe + text.slice(from);
}

/** Where the value that begins at `start` ends: a string in quotes, what stands in brackets, or a word. */
function valueEnd(text: string, start: number): number {
  const quoteAt = afterBackslashes(text, start);
  if (isQuote(text.charAt(quoteAt))) return stringEnd(text, quoteAt, quoteAt - start);
  const first = text.charAt(start);
  if (first === '{' || first === '[') return bracketEnd(text, start);
  let end = start;
  while (end < text.length && !/[\s,;&"']/.test(text.charAt(end))) end += 1;
  return end;
}

/**
 * Where the string ends whose quote at `at` is escaped by so many backslashes. A quote within it has more of them: in
 * JSON in JSON, `\"a \\\" b\"`.
 */
function stringEnd(text: string, at: number, backslashes: number): number {
  const quote = text.charAt(at);
  let run = 0;
  for (let end = at + 1; end < text.length; end += 1) {
    const character = text.charAt(end);
    if (character === quote && Math.floor(run / (backslashes + 1)) % 2 === 0) {
      // SQL writes a quote in a string twice.
      if (quote !== "'" || text.charAt(end + 1) !== quote) return end + 1;
      end += 1;
    }
    run = character === '\\' ? run + 1 : 0;
  }
  return text.length;
}

function bracketEnd(text: string, start: number): number {
  let depth = 0;
  let end = start;
  while (end < text.length) {
    const quoteAt = afterBackslashes(text, end);
    const character = text.charAt(quoteAt);
    if (isQuote(character)) end = stringEnd(text, quoteAt, quoteAt - end);
    else {
      end = quoteAt + 1;
      if (character === '{' || character === '[') depth += 1;
      else if (character === '}' || character === ']') depth -= 1;
      if (depth === 0) return end;
    }
  }
  return text.length;
}

function afterBackslashes(text: string, start: number): number {
  let end = start;
  while (text.charAt(end) === '\\') end += 1;
  return end;
}

function isQuote(character: string): boolean {
  return character === '"' || character === "'";
}
