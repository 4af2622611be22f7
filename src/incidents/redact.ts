import { REDACTED, withoutSecretValues } from './secret-values.ts';

/** The longest text that enters an incident, in characters. */
export const MAX_TEXT_LENGTH = 500;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

const rules: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    REDACTED,
  ],
  // Credentials in a URL, also where the password has characters that should have been encoded, an @ included.
  [/:\/\/[^\s/?#:]*:\S*@/g, `://${REDACTED}@`],
  [/:\/\/[^\s/?#]*@/g, `://${REDACTED}@`],
  // Credentials as database drivers of Go and PHP take them: `user:password@tcp(host:3306)/name`.
  [/(?<![^\s"'=(,])[^\s:@/"'=(,]{1,64}:\S{1,200}?@(?=[a-z][a-z0-9+]{0,20}\()/gi, `${REDACTED}@`],
  // Rows as MySQL and PostgreSQL tell them: they are somebody's data.
  [/(duplicate entry\s{1,5})'(?:[\s\S]{0,1000}?'(?=\s{1,5}for\s{1,5}key)|[^']*'?)/gi, `$1${REDACTED}`],
  [
    /(\bkey\s{1,5}\([^=\r\n]{1,200}\)=)\((?:[\s\S]{0,1000}?\)(?=\s{1,5}(?:already exists|is |conflicts ))|[^()]*\)?)/gi,
    `$1${REDACTED}`,
  ],
  [/(failing row contains\s{1,5})\([^\r\n]*/gi, `$1${REDACTED}`],
  // Addresses that are secrets as a whole.
  [
    /((?:hooks\.slack\.com|discord(?:app)?\.com\\?\/api|webhook\.office\.com|api\.telegram\.org)\\?\/[a-z0-9]{1,20})[^\s"'<>]*/gi,
    `$1${REDACTED}`,
  ],
  // Values of a query, whole: which of them are secret cannot be told from outside.
  [/([?&][^\s=&#?'"<>]{1,100}=)[^\s&#'"<>]*/g, `$1${REDACTED}`],
  [/(authorization|cookie)((?:\\{0,15}["'])?\s{0,200}(?:=>|[:=])\s{0,200})[^\r\n]*/gi, `$1$2${REDACTED}`],
  [/\b(bearer|basic)\s{1,5}[a-z0-9._~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  // What tells by itself that it is a secret: of webhooks, GitHub, GitLab, Slack, Stripe, AWS, Google, SendGrid, npm, JWTs.
  [/(whsec|whsk)_[a-z0-9+/=_-]+/gi, `$1_${REDACTED}`],
  [
    /(?<![A-Za-z0-9])(gh[opsur]_|github_pat_|glpat-|xox[a-z]-|xapp-|[rs]k_(?:live|test)_|AKIA|ASIA|AIza|npm_|SG\.)(?=[\w-]{0,20}\d|[\w-]{16})[\w.-]{5,}/g,
    `$1${REDACTED}`,
  ],
  [/(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, REDACTED],
  // Commands that take a password as an argument.
  [
    /((?:^|\s)(?:-u\s{0,5}|--(?:proxy-)?user(?:=|\s{1,5})))(?:"[^":]*:[^"]*"?|'[^':]*:[^']*'?|(?!\d+:\d+(?:\s|$))[^\s:"']{1,100}:\S+)/g,
    `$1${REDACTED}`,
  ],
  [/(sshpass\s{1,5}-p\s{0,5})\S+/g, `$1${REDACTED}`],
];

/** Rules that hold only in a text with such a command, since what they look for is much else elsewhere. */
const commands: readonly (readonly [RegExp, RegExp])[] = [
  [/(?:mysql|mariadb)/i, /(\s-p)(?![\s-])\S+/g],
  [/redis-cli/i, /(\s-a\s{1,5})\S+/g],
];

/**
 * `text` as it may leave the process: without URL credentials, query values, Authorization and Cookie headers,
 * tokens and passwords, on one line, and at most `maxLength` characters long, visibly cut.
 */
export function redact(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  let safe = withinReach(text, maxLength * 4);
  for (const [pattern, replacement] of rules) safe = safe.replace(pattern, replacement);
  for (const [command, pattern] of commands) {
    if (command.test(safe)) safe = safe.replace(pattern, `$1${REDACTED}`);
  }
  safe = withoutSecretValues(safe);
  return truncate(safe.replace(CONTROL_CHARACTERS, ' ').trim(), maxLength);
}

/** What a rule's work is bounded to. The word that the cut falls into goes too: half a secret matches no rule. */
function withinReach(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && !/\s/.test(text.charAt(end - 1))) end -= 1;
  return `${text.slice(0, end)}...`;
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
