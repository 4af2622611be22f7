import { wallNow } from '../../core/clock.ts';
import { isWorse } from '../incident/severity.ts';
import type { Hold } from '../manager/telling.ts';
import type { IncidentRegister } from '../register.ts';
import type { Watch } from '../watch.ts';
import type { DigestWindow } from './digest.ts';
import type { Silences } from './silences.ts';
import { lasts } from './upstream.ts';

/** What decides whether people are told now. */
export interface QuietParts {
  readonly register: IncidentRegister;
  readonly silences: Silences;
  readonly digest: DigestWindow | undefined;
  /** How long an upstream's incident must be over before its dependants' are told. */
  readonly resolveAfterMs: number;
}

/** Why people are not told of an incident now, asked in a fixed order: the reason that lasts longest comes first. */
export class Quiet {
  readonly #parts: QuietParts;

  constructor(parts: QuietParts) {
    this.#parts = parts;
  }

  /** `undefined` where nothing speaks against telling what is pending. */
  holdOf(watch: Watch, now: number): Hold | undefined {
    if (watch.telling.muted)
      return { because: 'drill', text: 'The drill is played without telling the sinks.' };
    return (
      this.#byUpstream(watch, now) ??
      this.silenceOf(watch) ??
      this.#byDigest(watch, now) ??
      this.#byFlapping(watch) ??
      this.#byLimit(watch, now)
    );
  }

  /** The silence or the maintenance window that keeps the incident back. */
  silenceOf({ record }: Watch): Hold | undefined {
    const silence = this.#parts.silences.holding(record, wallNow());
    if (silence === undefined) return undefined;
    const { kind, by, until, reason } = silence;
    const who = by === undefined ? '' : ` by ${by}`;
    const what = kind === 'silence' ? `Silenced${who}` : `Under maintenance${who}`;
    const text = `${what} until ${new Date(until).toISOString()}: ${reason}`;
    return { because: kind, text, until };
  }

  #byUpstream({ record, telling }: Watch, now: number): Hold | undefined {
    const { upstream } = telling;
    if (upstream === undefined || telling.told || record.status !== 'detected') return undefined;
    const { policy, incident } = upstream;
    const holding = this.#parts.register.isOpen(incident)
      ? this.#parts.register.watchOf(incident)
      : undefined;
    if (holding !== undefined && isWorse(record.severity, holding.record.severity)) {
      telling.upstream = undefined;
      return undefined;
    }
    if (holding !== undefined && lasts(holding)) upstream.overAt = undefined;
    else upstream.overAt ??= now;
    if (upstream.overAt !== undefined && now >= upstream.overAt + this.#parts.resolveAfterMs) {
      telling.upstream = undefined;
      return undefined;
    }
    const text = `It depends on '${policy}', whose incident ${incident} is open; it is told if it outlasts that.`;
    return { because: 'dependency', text, upstream: { policy, incident } };
  }

  #byDigest({ record, telling }: Watch, now: number): Hold | undefined {
    const { digest } = this.#parts;
    if (digest === undefined || telling.told || record.drill || record.trigger === 'person') return undefined;
    if (!telling.counted) {
      telling.counted = true;
      digest.admit(record.id, now);
    }
    if (!digest.isWaiting(record.id)) return undefined;
    const until = wallNow() + Math.max(0, digest.dueAt - now);
    const text = 'Many incidents began at once; they are told together.';
    return { because: 'digest', text, until };
  }

  #byFlapping({ isFlapping, telling }: Watch): Hold | undefined {
    if (!isFlapping || !telling.told || telling.pending?.urgent) return undefined;
    return { because: 'flapping', text: 'It flaps; people know, and hear more once it has settled.' };
  }

  #byLimit({ telling }: Watch, now: number): Hold | undefined {
    if (!telling.told || telling.pending?.urgent) return undefined;
    const nextAt = telling.updates.nextAt(now);
    if (nextAt <= now) return undefined;
    const text = 'Much was told of it lately; what is new is told as one update.';
    return { because: 'rate-limit', text, until: wallNow() + (nextAt - now) };
  }
}
