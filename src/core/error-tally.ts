/** Errors of one kind. Its texts are the errors' own: they are to be redacted before they leave the process. */
export interface ErrorKind {
  /** Name and code, such as `DatabaseError 57P01`, or what a judgement says instead, such as `HTTP 503`. */
  readonly kind: string;
  readonly count: number;
  /** The message of the first. */
  readonly sample: string;
  /** What traced the call of the first that was traced. */
  readonly trace: unknown;
}

/** What is kept of a text that somebody else made, in characters. */
const MAX_KIND_LENGTH = 100;
const MAX_SAMPLE_LENGTH = 2_000;

/** Stands for an attempt that failed with a value, where no judgement has words for it. */
const FAILED_VALUE = 'failed result';

/**
 * Counts errors by kind, exactly: the kinds that it keeps and `others` add up to all that were added. When there are
 * more kinds than it may keep, those seen once make room, so that an error that is frequent is kept however many are
 * not. Reading an error never throws.
 */
export class ErrorTally {
  readonly #maxKinds: number;
  readonly #kinds = new Map<string, { count: number; sample: string; trace: unknown }>();
  #others = 0;

  constructor(maxKinds: number) {
    this.#maxKinds = maxKinds;
  }

  /** Errors of kinds that are not kept. */
  get others(): number {
    return this.#others;
  }

  /** The kinds that are kept, the most frequent first. */
  get kinds(): readonly ErrorKind[] {
    return [...this.#kinds]
      .map(([kind, { count, sample, trace }]) => ({ kind, count, sample, trace }))
      .sort((a, b) => b.count - a.count);
  }

  /**
   * @param error what an attempt failed with; `undefined` where that was a value
   * @param reason what the judgement calls it
   */
  add(error: unknown, trace: unknown, reason?: string | undefined): void {
    const kind = reason ?? errorKind(error);
    const known = this.#kinds.get(kind);
    if (known !== undefined) {
      known.count += 1;
      known.trace ??= trace;
    } else this.#keep(kind, 1, sampleOf(error, reason), trace);
  }

  /** Adds what another one counted. */
  merge({ kinds, others }: Pick<ErrorTally, 'kinds' | 'others'>): void {
    for (const { kind, count, sample, trace } of kinds) {
      const known = this.#kinds.get(kind);
      if (known !== undefined) {
        known.count += count;
        known.trace ??= trace;
      } else this.#keep(kind, count, sample, trace);
    }
    this.#others += others;
  }

  #keep(kind: string, count: number, sample: string, trace: unknown): void {
    if (this.#kinds.size < this.#maxKinds || this.#makesRoom())
      this.#kinds.set(kind, { count, sample, trace });
    else this.#others += count;
  }

  #makesRoom(): boolean {
    for (const [kind, { count }] of this.#kinds) {
      if (count > 1) continue;
      this.#kinds.delete(kind);
      this.#others += 1;
      return true;
    }
    return false;
  }
}

/** Name and code of an error, of its cause where it has no code itself, as `fetch` throws them. */
export function errorKind(error: unknown): string {
  if (error === undefined) return FAILED_VALUE;
  try {
    if (typeof error !== 'object' || error === null)
      return `thrown ${error === null ? 'null' : typeof error}`;
    const name: unknown = Reflect.get(error, 'name');
    const code = codeOf(error) ?? codeOf(Reflect.get(error, 'cause'));
    const shownName = typeof name === 'string' && name !== '' ? name : 'object';
    return (code === undefined ? shownName : `${shownName} ${code}`).slice(0, MAX_KIND_LENGTH);
  } catch {
    return 'unreadable error';
  }
}

function codeOf(error: unknown): string | number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return (typeof code === 'string' && code !== '') || typeof code === 'number' ? code : undefined;
}

function sampleOf(error: unknown, reason: string | undefined): string {
  if (error === undefined)
    return `The operation gave a value that was judged a failure${reason === undefined ? '' : `: ${reason}`}.`;
  if (error === null) return 'null';
  try {
    const own = messageOf(error);
    const cause = typeof error === 'object' && error !== null ? messageOf(Reflect.get(error, 'cause')) : '';
    const text = own === '' || cause === '' || own.includes(cause) ? own || cause : `${own}: ${cause}`;
    return text.slice(0, MAX_SAMPLE_LENGTH);
  } catch {
    return 'The error cannot be read.';
  }
}

function messageOf(error: unknown): string {
  if (error === undefined || error === null) return '';
  if (typeof error !== 'object') return String(error);
  const message: unknown = Reflect.get(error, 'message');
  if (typeof message === 'string' && message !== '') return message.slice(0, MAX_SAMPLE_LENGTH);
  // What happens to several connections at once is told by the first.
  const errors: unknown = Reflect.get(error, 'errors');
  return Array.isArray(errors) && errors.length > 0 && errors[0] !== error ? messageOf(errors[0]) : '';
}
