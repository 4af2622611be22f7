import { z } from 'zod';
import { options, shown } from './options.ts';
import { isThenable } from './thenable.ts';

/**
 * What knows which trace a call belongs to: the port that a tracing library fills. A call asks once, when it starts,
 * since it may be settled by a shared timer, where nothing tells any more whose call it is. What it is given it hands
 * on with its events, as `trace`, and never looks into.
 */
export interface Tracing {
  /** What traces the caller of this moment, such as its active span; `undefined` where nothing does. */
  capture(): unknown;
  /**
   * Labels by which a trace is found, for the exemplars of an OpenMetrics registry, as `{ trace_id, span_id }`;
   * `undefined` for a trace that nobody will find, as one that is not sampled. Names and values together have at most
   * 128 characters. Default: there are no exemplars.
   */
  exemplar?(trace: unknown): ExemplarLabels | undefined;
}

/** Labels by which a trace is found. */
export type ExemplarLabels = Readonly<Record<string, string>>;

/** How many characters the names and values of an exemplar's labels may have together. OpenMetrics 1.0, "Exemplars". */
const MAX_EXEMPLAR_LENGTH = 128;

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The tracing of a hub's calls. The one that was set last is in use. */
export class Tracer {
  #inUse: readonly Tracing[] = [];
  #current: Tracing | undefined = undefined;
  #toldOfLength = false;

  /** What is asked now; `undefined` while nobody traces. */
  get current(): Tracing | undefined {
    return this.#current;
  }

  /** Sets what is asked, and gives the function that takes it away; the one before it is then asked again. */
  use(tracing: Tracing): () => void {
    const entry: Tracing = {
      capture: () => tracing.capture(),
      exemplar: (trace) => tracing.exemplar?.(trace),
    };
    this.#set([...this.#inUse, entry]);
    return () => this.#set(this.#inUse.filter((other) => other !== entry));
  }

  /**
   * A copy of the labels by which `trace` is found. Labels that are too long for an exemplar are passed over.
   *
   * @throws whatever the tracing throws; an error for what are no labels; and once for those that are too long
   */
  exemplar(trace: unknown): ExemplarLabels | undefined {
    const answer: unknown = this.#current?.exemplar?.(trace);
    if (answer === undefined || answer === null) return undefined;
    const labels = copyOfLabels(answer);
    if (labels === undefined) {
      throw new TypeError(
        `exemplar gave ${shown(answer)}: expected an object of labels, such as { trace_id }`,
      );
    }
    const length = lengthOf(labels);
    if (length === 0) return undefined;
    if (length <= MAX_EXEMPLAR_LENGTH) return labels;
    if (this.#toldOfLength) return undefined;
    this.#toldOfLength = true;
    throw new RangeError(
      `exemplar gave labels of ${length} characters; those of more than ${MAX_EXEMPLAR_LENGTH} are dropped`,
    );
  }

  /** Takes all away. */
  clear(): void {
    this.#set([]);
  }

  #set(inUse: readonly Tracing[]): void {
    this.#inUse = inUse;
    this.#current = inUse.at(-1);
    this.#toldOfLength = false;
  }
}

function copyOfLabels(answer: unknown): ExemplarLabels | undefined {
  if (isThenable(answer)) {
    Promise.resolve(answer).catch(() => {});
    return undefined;
  }
  if (typeof answer !== 'object' || answer === null) return undefined;
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value !== 'string' || !LABEL_NAME.test(name) || name === '__proto__') return undefined;
    labels[name] = value;
  }
  return labels;
}

/** Of names and values together, in code points. */
function lengthOf(labels: ExemplarLabels): number {
  const text = Object.entries(labels).flat().join('');
  return text.length <= MAX_EXEMPLAR_LENGTH ? text.length : [...text].length;
}

/** Checks the argument of `breakwater.useTracing()`. */
export const tracingSchema = options({
  tracing: z.custom<Tracing>(isTracing, {
    error: ({ input }) =>
      `must be an object with the method capture, and perhaps exemplar, not ${shown(input)}`,
  }),
});

function isTracing(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const exemplar: unknown = Reflect.get(value, 'exemplar');
  return (
    typeof Reflect.get(value, 'capture') === 'function' &&
    (exemplar === undefined || typeof exemplar === 'function')
  );
}
