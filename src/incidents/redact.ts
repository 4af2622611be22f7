/** What stands where a secret stood. */
const REDACTED = '[redacted]';

/** The longest text that enters an incident, in characters. */
export const MAX_TEXT_LENGTH = 500;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** What the name of a secret ends with. */
const NAMES =
  'password|passwd|passphrase|passcode|pwd|secret|token|credentials?|(?:api|access|private|signing|encryption)[_-]?key|session[_-]?id';

const VALUE = `(?:"[^"]*"?|'[^']*'?|[^\\s,;&"']+)`;

const rules: readonly (readonly [RegExp, string])[] = [
  // Credentials in a URL, also where the password has characters that should have been encoded, an @ included.
  [/:\/\/[^\s/?#:]*:\S*@/g, `://${REDACTED}@`],
  [/:\/\/[^\s/?#]*@/g, `://${REDACTED}@`],
  // Values of a query, whole: which of them are secret cannot be told from outside.
  [/([?&][^\s=&#?'"<>]{1,100}=)[^\s&#'"<>]*/g, `$1${REDACTED}`],
  [/(authorization|cookie)(["']?\s{0,5}[:=]\s{0,5})[^\r\n]*/gi, `$1$2${REDACTED}`],
  [/\b(bearer|basic)\s{1,5}[a-z0-9._~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  [/(whsec|whsk)_[a-z0-9+/=_-]+/gi, `$1_${REDACTED}`],
  [new RegExp(`(${NAMES}|[_-]pass)(["']?\\s{0,5}[:=]\\s{0,5})${VALUE}`, 'gi'), `$1$2${REDACTED}`],
  // With only a space between, the name must be one that no sentence has, or the value must be quoted.
  [
    new RegExp(
      `([_-](?:${NAMES}|pass|key)|pgpassword)(\\s{1,5}(?:(?:is|was)\\s{1,5})?)(?![:=])${VALUE}`,
      'gi',
    ),
    `$1$2${REDACTED}`,
  ],
  [
    new RegExp(`([a-z](?:Password|Passphrase|Secret|Token|Key))(\\s{1,5})(?![:=])${VALUE}`, 'g'),
    `$1$2${REDACTED}`,
  ],
  [/(password|passwd|passphrase|secret)(\s{1,5})(?:"[^"]*"?|'[^']*'?)/gi, `$1$2${REDACTED}`],
];

/**
 * `text` as it may leave the process: without URL credentials, query values, Authorization and Cookie headers,
 * tokens and passwords, on one line, and at most `maxLength` characters long, visibly cut.
 */
export function redact(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  let safe = withinReach(text, maxLength * 4);
  for (const [pattern, replacement] of rules) safe = safe.replace(pattern, replacement);
  return truncate(safe.replace(CONTROL_CHARACTERS, ' ').trim(), maxLength);
}

/** What a rule's work is bounded to. The word that the cut falls into goes too: half a secret matches no rule. */
function withinReach(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/\S+$/, '...');
}

/** `text`, cut visibly to `maxLength` characters where it is longer. */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, Math.max(0, maxLength - 3));
  // Half a surrogate pair is no character.
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}...`;
}

/** An error as it may be logged: its name, code and redacted message, never the whole object. */
export interface ErrorSummary {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

/** Summarises what was thrown, which may be anything, a hostile getter included. */
export function summarizeError(error: unknown): ErrorSummary {
  try {
    if (!(error instanceof Error)) return { name: typeof error, message: redact(String(error)) };
    const { name, message } = error;
    const code = 'code' in error ? error.code : undefined;
    const summary = { name: redact(String(name), 100), message: redact(String(message)) };
    return typeof code === 'string' || typeof code === 'number'
      ? { ...summary, code: redact(String(code), 100) }
      : summary;
  } catch {
    return { name: 'unknown', message: 'an error that cannot be read' };
  }
}
