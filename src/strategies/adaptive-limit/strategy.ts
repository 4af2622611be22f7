import { LiveSettings } from '../../core/adjustable.ts';
import { shadowNote } from '../../core/explain.ts';
import { parseOptions } from '../../core/options.ts';
import { PerEndpoint } from '../../core/per-endpoint.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { AdaptiveLimitLayer, type LiveLimit } from './layer.ts';
import { type AdaptiveLimitOptions, adaptiveLimitSchema, liveLimitSchema } from './options.ts';

/**
 * Bounds how many calls are in flight by a limit that finds itself: it grows while calls take as long as usual, and
 * shrinks when they queue at the dependency. What is above it is turned away at once: a caller that may be late comes
 * again later, by a retry around the policy. The queue of a bulkhead around it helps only with a `maxConcurrent` that the
 * limit never falls below.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function adaptiveLimit(options: AdaptiveLimitOptions = {}): Strategy {
  return new AdaptiveLimitStrategy(options);
}

class AdaptiveLimitStrategy implements Strategy {
  readonly kind = 'adaptive-limit';
  readonly key = 'adaptiveLimit';
  readonly adjustable: LiveLimit;

  constructor(options: AdaptiveLimitOptions) {
    const subject = 'Options of adaptiveLimit()';
    parseOptions(adaptiveLimitSchema, options, '', subject);
    this.adjustable = new LiveSettings(liveLimitSchema, options, subject, { fixed: ['algorithm'] });
  }

  describe(): string {
    const { algorithm, minLimit, maxLimit, initialLimit, mode } = this.adjustable.current;
    return (
      `adaptive limit: ${minLimit} to ${maxLimit} in flight, ${initialLimit} at first, found by how long they take ` +
      `(${algorithm})${shadowNote(mode)}`
    );
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    return new PerEndpoint(inner, () => new AdaptiveLimitLayer(inner, runtime, this.adjustable));
  }
}
