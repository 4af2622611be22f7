import { LiveSettings } from '../../core/adjustable.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { HedgeLayer } from './layer.ts';
import { type HedgeOptions, type HedgeSettings, hedgeSchema, percentileOf } from './options.ts';

/**
 * Makes another attempt beside one that is slow, and answers with the first good one: the hedged requests of Dean and
 * Barroso, "The Tail at Scale" (Communications of the ACM 56, 2013), with the bound on extra load of Finagle's backup
 * requests. After a failure that another try may mend, the next attempt is made at once.
 *
 * The attempts that lose have their signals aborted, and their late outcomes move nothing. Calls with
 * `idempotent: false` are never hedged: two attempts of one call may both take effect.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function hedge(options: HedgeOptions = {}): Strategy {
  return new HedgeStrategy(new LiveSettings(hedgeSchema, options, 'Options of hedge()'));
}

type Settings = LiveSettings<typeof hedgeSchema>;

class HedgeStrategy implements Strategy {
  readonly kind = 'hedge';
  readonly key = 'hedge';
  readonly adjustable: Settings;

  constructor(settings: Settings) {
    this.adjustable = settings;
  }

  /** Not all beside each other: each may be made only when the one before it fails at the end of its time. */
  get maxRuns(): number {
    return this.adjustable.current.maxHedges + 1;
  }

  /** A percentile is known only while calls come. */
  get delayMs(): number | undefined {
    const settings = this.adjustable.current;
    return percentileOf(settings) === undefined ? settings.delayMs : undefined;
  }

  describe(): string {
    const { maxHedges, maxExtraLoad } = this.adjustable.current;
    if (maxHedges === 0) return 'hedge: off';
    const when = whenOf(this.adjustable.current);
    return `hedge: up to ${maxHedges} more beside one that is not over ${when}, the first good answer wins; at most ${shareOf(maxExtraLoad)} extra load`;
  }

  bind(inner: Inner, runtime: PolicyRuntime): Layer {
    runtime.keepsContext = true;
    runtime.runsBeside = true;
    return new HedgeLayer(inner, runtime, this.adjustable);
  }
}

function whenOf(settings: HedgeSettings): string {
  const { delayMs, minDelayMs } = settings;
  const percentile = percentileOf(settings);
  if (percentile === undefined) return `after ${delayMs} ms`;
  const atFirst = delayMs === undefined ? '' : `, or ${delayMs} ms while too few are known`;
  const atLeast = minDelayMs === 0 ? '' : ` and at least ${minDelayMs} ms`;
  return `after percentile ${percentile} of the recent latencies${atLeast}${atFirst}`;
}

function shareOf(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
