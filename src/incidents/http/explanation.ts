import { afterDelay } from '../../core/timers.ts';
import { redact } from '../redact.ts';

/** Why a vendor refused a request, read from the answer's body. */
export interface Explain {
  /** The reason that `body` tells; `undefined` where it tells none. What it throws counts as none. */
  readonly read: (body: string) => string | undefined;
  /** What must not be repeated, in whatever the other side says. */
  readonly secrets: readonly string[];
}

/** How much of a body is read, in bytes, and for how long. */
const MAX_BYTES = 4_096;
const MAX_MS = 1_000;

/** So many characters of a secret in a row are too many. */
const TELLING = 6;

/** Why the request was refused: short, redacted, and never with something of a secret. */
export async function explanation(
  response: Response,
  { read, secrets }: Explain,
): Promise<string | undefined> {
  try {
    const reason = read(await beginning(response));
    if (reason === undefined || repeats(reason, secrets)) return undefined;
    const told = redact(reason, 160);
    return told === '' ? undefined : told;
  } catch {
    return undefined;
  }
}

/** The body's first bytes; what does not come in time is not waited for. */
async function beginning({ body }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const cancelTimer = afterDelay(MAX_MS, () => void reader.cancel().catch(() => undefined));
  const chunks: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < MAX_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
    }
  } finally {
    cancelTimer();
    void reader.cancel().catch(() => undefined);
  }
  return Buffer.concat(chunks).subarray(0, MAX_BYTES).toString('utf8');
}

/** Whether `text` has a part of a secret, percent-encoded or in another case too. */
function repeats(text: string, secrets: readonly string[]): boolean {
  const forms = [text, percentDecoded(text)].map((form) => form.toLowerCase());
  return secrets.some((secret) => {
    const lower = secret.toLowerCase();
    if (lower.length <= TELLING) return forms.some((form) => form.includes(lower));
    for (let at = 0; at + TELLING <= lower.length; at += 1) {
      const part = lower.slice(at, at + TELLING);
      if (forms.some((form) => form.includes(part))) return true;
    }
    return false;
  });
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
