import { LiveSettings } from '../../core/adjustable.ts';
import { shadowNote } from '../../core/explain.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { RateLimitLayer } from './layer.ts';
import { defaultBurst, type RateLimitOptions, rateLimitSchema } from './options.ts';

/**
 * Keeps to the rate that a dependency allows, by a token bucket: `ratePerSecond` tokens come in a second, at most `burst`
 * are kept, and whatever goes in takes one. What finds none waits for up to `maxWaitMs`, or is turned away with a
 * `RateLimitedError` that says when there is room again. While the circuit within is open, calls neither wait nor take
 * tokens.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function rateLimit(options: RateLimitOptions): Strategy {
  return new RateLimitStrategy(new LiveSettings(rateLimitSchema, options, 'Options of rateLimit()'));
}

class RateLimitStrategy implements Strategy {
  readonly kind = 'rate-limit';
  readonly key = 'rateLimit';
  readonly adjustable: LiveSettings<typeof rateLimitSchema>;

  constructor(live: LiveSettings<typeof rateLimitSchema>) {
    this.adjustable = live;
  }

  get maxWaitMs(): number {
    const { maxWaitMs, mode } = this.adjustable.current;
    return mode === 'shadow' ? 0 : maxWaitMs;
  }

  describe(): string {
    const { ratePerSecond, burst = defaultBurst(ratePerSecond), maxWaitMs, mode } = this.adjustable.current;
    const waits = maxWaitMs === 0 ? 'nothing waits' : `what finds no token waits up to ${maxWaitMs} ms`;
    return `rate limit: ${ratePerSecond} a second, at most ${burst} at once, ${waits}${shadowNote(mode)}`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    return new RateLimitLayer(inner, runtime, this.adjustable);
  }
}
