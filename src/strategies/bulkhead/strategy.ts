import { LiveSettings } from '../../core/adjustable.ts';
import { shadowNote } from '../../core/explain.ts';
import { PerEndpoint } from '../../core/per-endpoint.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { BulkheadLayer } from './layer.ts';
import { type BulkheadOptions, bulkheadSchema } from './options.ts';

/**
 * Keeps calls apart, as bulkheads keep a ship's compartments: at most `maxConcurrent` are in what lies within, so that
 * one slow dependency cannot take all connections, sockets or memory. What finds no place waits in a bounded queue, or is
 * turned away with a `BulkheadFullError`.
 *
 * A place is held until the operation really ends, and not only until its caller has an answer: an operation that ignores
 * its signal still uses what the bulkhead guards. While the circuit within is open, calls neither wait nor take places.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function bulkhead(options: BulkheadOptions = {}): Strategy {
  return new BulkheadStrategy(new LiveSettings(bulkheadSchema, options, 'Options of bulkhead()'));
}

class BulkheadStrategy implements Strategy {
  readonly kind = 'bulkhead';
  readonly key = 'bulkhead';
  readonly adjustable: LiveSettings<typeof bulkheadSchema>;

  constructor(live: LiveSettings<typeof bulkheadSchema>) {
    this.adjustable = live;
  }

  get maxWaitMs(): number {
    const { maxQueue, queueTimeoutMs = Number.POSITIVE_INFINITY, mode } = this.adjustable.current;
    return maxQueue === 0 || mode === 'shadow' ? 0 : queueTimeoutMs;
  }

  describe(): string {
    const { maxConcurrent, maxQueue, queueTimeoutMs, mode } = this.adjustable.current;
    const bound = queueTimeoutMs === undefined ? '' : `, each for up to ${queueTimeoutMs} ms`;
    const queue = maxQueue === 0 ? 'no queue' : `${maxQueue} more may wait${bound}`;
    return `bulkhead: at most ${maxConcurrent} at once, ${queue}${shadowNote(mode)}`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    return new PerEndpoint(inner, () => new BulkheadLayer(inner, runtime, this.adjustable));
  }
}
