import { LiveSettings } from '../../core/adjustable.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import type { Inner, Layer, Strategy } from '../../core/pipeline.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { byPreference } from './choice.ts';
import { EndpointState } from './endpoint.ts';
import { EndpointCircuits } from './endpoint-circuits.ts';
import { FailoverLayer } from './layer.ts';
import { type FailoverOptions, type FailoverSettings, failoverSchema } from './options.ts';

const SUBJECT = 'Options of failover()';

/**
 * Sends each call to one of several redundant endpoints, and on to another when it fails there: the operation gets the
 * chosen one's `target`. An endpoint whose circuit is open, or that is ejected for its failures, gets no calls while
 * another can take them, and gets them again once it has answered one.
 *
 * A call goes on when an attempt's verdict is `transient`, at once, if it may be repeated (`idempotent`), the policy's
 * attempt budget has room, and time is left. One that was turned away there, by that endpoint's circuit or limits or by a
 * policy within the operation, goes on free of charge. When no endpoint is left, the last outcome is the call's.
 *
 * @throws {InvalidOptionsError} when the options are wrong
 */
export function failover<Target = unknown>(options: FailoverOptions<Target>): Strategy {
  return new FailoverStrategy(
    new LiveSettings(failoverSchema, options, SUBJECT, { check: refuseOtherEndpoints }),
  );
}

class FailoverStrategy implements Strategy {
  readonly kind = 'failover';
  readonly key = 'failover';
  readonly adjustable: LiveSettings<typeof failoverSchema>;

  constructor(live: LiveSettings<typeof failoverSchema>) {
    this.adjustable = live;
  }

  get maxRuns(): number {
    const { endpoints, maxFailovers } = this.adjustable.current;
    return Math.min(endpoints.length, maxFailovers + 1);
  }

  describe(): string {
    return describe(this.adjustable.current);
  }

  bind(inner: Inner, runtime: PolicyRuntime, within: readonly Strategy[]): Layer {
    if (runtime.endpoints.length > 0) {
      throw new InvalidOptionsError(runtime.name, `Options of policy '${runtime.name}' cannot be used`, [
        { path: 'strategies', message: 'must not have failover twice: an operation gets one target' },
      ]);
    }
    const endpoints = this.adjustable.current.endpoints.map((given, at) => new EndpointState(given, at));
    runtime.keepsContext = true;
    runtime.endpoints = endpoints.map(({ name }) => name);
    return new FailoverLayer(inner, runtime, this.adjustable, endpoints, new EndpointCircuits(within));
  }
}

/** Metrics, circuits and calls in flight know endpoints by name, and pools are opened and closed by who made them. */
function refuseOtherEndpoints(now: FailoverSettings, next: FailoverSettings): void {
  const isSame =
    now.endpoints.length === next.endpoints.length &&
    now.endpoints.every(({ name, target }, at) => {
      const other = next.endpoints[at];
      return other !== undefined && other.name === name && Object.is(other.target, target);
    });
  if (isSame) return;
  throw new InvalidOptionsError('', `${SUBJECT} cannot be changed so`, [
    {
      path: 'endpoints',
      message:
        'must have the names and targets that it was made with, in their order; weights and priorities may change',
    },
  ]);
}

function describe({ endpoints, balance, maxFailovers, ejection }: FailoverSettings): string {
  const byPriority = new Map<number, string[]>();
  for (const { name, priority, weight } of byPreference(endpoints)) {
    const shown = balance === 'balanced' && weight !== 1 ? `${name} (weight ${weight})` : name;
    byPriority.set(priority, [...(byPriority.get(priority) ?? []), shown]);
  }
  const groups = [...byPriority.values()];
  const where =
    balance === 'in-order'
      ? `to the first healthy of ${groups.flat().join(', ')}`
      : `balanced over ${groups.map((names) => names.join(', ')).join('; without them over ')}`;
  const more = Math.min(maxFailovers, endpoints.length - 1);
  const on =
    more === 0 ? 'and no further' : `then up to ${more} more ${more === 1 ? 'endpoint' : 'endpoints'}`;
  const out =
    ejection === false
      ? 'none is ejected'
      : `one that fails${ejection.consecutiveFailures === 1 ? '' : ` ${ejection.consecutiveFailures} times in a row`} is ejected ` +
        `for ${ejection.baseEjectionMs} to ${ejection.maxEjectionMs} ms`;
  return `failover: a call goes ${where}, ${on}; ${out}`;
}
