import { z } from 'zod';
import { options, shown } from './options.ts';

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
  exemplar?(trace: unknown): Readonly<Record<string, string>> | undefined;
}

/** The tracing of a hub's calls. The one that was set last is in use. */
export class Tracer {
  #inUse: readonly Tracing[] = [];
  #current: Tracing | undefined = undefined;

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

  /** Takes all away. */
  clear(): void {
    this.#set([]);
  }

  #set(inUse: readonly Tracing[]): void {
    this.#inUse = inUse;
    this.#current = inUse.at(-1);
  }
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
