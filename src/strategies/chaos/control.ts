import { LiveSettings } from '../../core/adjustable.ts';
import type { Call } from '../../core/call.ts';
import type { ChaosControl } from '../../core/chaos-control.ts';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { ClosedError } from '../../core/errors.ts';
import type { ChaosEvent } from '../../core/events.ts';
import { parseOptions, shown } from '../../core/options.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { isThenable } from '../../core/thenable.ts';
import { afterDelay } from '../../core/timers.ts';
import { type Draw, draw, type Fault, SPARED } from './dice.ts';
import { type ChaosOptions, chaosSchema, startSchema } from './options.ts';
import { ChaosSwitch } from './switch.ts';

/** Its key among a policy's options. */
export const CHAOS_KEY = 'chaos';

const BY_CODE = 'code switched it on';
const BY_OPTIONS = 'its options say so';

/**
 * What of a chaos layer there is one of: its options, whether it is on, and what it has done. It says so aloud: an event
 * when it is switched on or off, when its time is over, and once a minute between.
 */
export class ChaosController implements ChaosControl {
  readonly live: LiveSettings<typeof chaosSchema>;
  readonly #switch = new ChaosSwitch();
  readonly #counts: Record<Fault, number> = { error: 0, latency: 0, abort: 0, result: 0 };
  #faults = 0;
  #runtime: PolicyRuntime | undefined = undefined;
  #isClosed = false;
  /** Whether its end is what its options say. */
  #hasEndOfOptions = true;
  /** Whether a person stopped it, or its time was over, since it was last switched on. */
  #isSpent = false;
  /** Takes back what notices the end where no call does, and reminds. It keeps no process alive. */
  #forgetTimer: (() => void) | undefined = undefined;

  constructor(given: ChaosOptions) {
    this.live = new LiveSettings(chaosSchema, given, 'Options of chaos()');
    this.live.onChange((now, before, isRestored) => {
      if (now.enabled && !before.enabled) {
        // That an update for a time is over switches on only what it had switched off.
        if (!(isRestored && this.#isSpent)) this.#switchOn(undefined, BY_OPTIONS);
      } else if (before.enabled && !now.enabled) this.#switchOff(BY_OPTIONS);
      else if (now.forMs !== before.forMs && this.#hasEndOfOptions) this.#moveEnd(now.forMs);
    });
  }

  /** Called once the layer belongs to a policy. */
  bound(runtime: PolicyRuntime): void {
    this.#runtime = runtime;
    runtime.onClose(() => {
      this.#switchOff('the policy is gone');
      this.#isClosed = true;
    });
    if (this.#switch.isOn) {
      this.#wakeLater();
      this.#announce('on', BY_CODE);
    } else if (this.live.current.enabled) this.#switchOn(undefined, BY_OPTIONS);
  }

  get active(): boolean {
    return this.isOn(monotonicNow());
  }

  get faults(): number {
    return this.#faults;
  }

  get until(): number | undefined {
    const leftMs = this.active ? this.#leftMs(monotonicNow()) : undefined;
    return leftMs === undefined ? undefined : wallNow() + leftMs;
  }

  get isEndless(): boolean {
    return this.#switch.isOn && this.#leftMs(monotonicNow()) === undefined;
  }

  start(given: { readonly forMs?: number | undefined } = {}): void {
    const policy = this.#runtime?.name ?? '';
    const { forMs } = parseOptions(startSchema, given, policy, 'Options of chaos.start()');
    if (this.#isClosed) throw new ClosedError(policy);
    this.#switchOn(forMs, BY_CODE);
    this.#runtime?.hazards.examine();
  }

  stop(): void {
    this.#isSpent = true;
    this.#switchOff('code switched it off');
    this.#runtime?.hazards.examine();
  }

  /** How many faults of that sort it has made. */
  countOf(fault: Fault): number {
    return this.#counts[fault];
  }

  /** Whether it is on. One whose time is over is switched off by that. */
  isOn(now: number): boolean {
    if (!this.#switch.isOn) return false;
    if (this.#switch.isOver(now)) {
      this.#isSpent = true;
      this.#switchOff('its time is over');
      return false;
    }
    return true;
  }

  /** What is to be done to an attempt of `call`. */
  draw(call: Call): Draw {
    if (!this.isOn(monotonicNow())) return SPARED;
    const { when, random = Math.random } = this.live.current;
    try {
      if (when !== undefined && !isTrue(when(call.description))) return SPARED;
      return draw(this.live.current, random);
    } catch (error) {
      this.report(error);
      return SPARED;
    }
  }

  /** A fault was made. */
  made(fault: Fault, trace: unknown): void {
    this.#counts[fault] += 1;
    this.#faults += 1;
    const events = this.#runtime?.events;
    if (this.#runtime !== undefined && events?.heard.chaos === true)
      events.emit('chaos', { policy: this.#runtime.name, time: wallNow(), status: 'fault', fault, trace });
  }

  /** A function of the options failed; the call goes on without what it was asked for. */
  report(error: unknown): void {
    this.#runtime?.report('chaos', error);
  }

  /** @param forMs when it ends by itself. Default: what its options say */
  #switchOn(forMs: number | undefined, reason: string): void {
    if (this.#isClosed) return;
    if (!this.#switch.isOn) this.#faults = 0;
    this.#isSpent = false;
    this.#hasEndOfOptions = forMs === undefined;
    this.#switch.start(monotonicNow(), forMs ?? this.live.current.forMs);
    this.#wakeLater();
    this.#announce('on', reason);
  }

  #switchOff(reason: string): void {
    if (!this.#switch.isOn) return;
    this.#switch.stop();
    this.#forgetTimer?.();
    this.#forgetTimer = undefined;
    this.#announce('off', reason);
  }

  #moveEnd(forMs: number | undefined): void {
    if (!this.#switch.isOn) return;
    this.#switch.moveEnd(forMs);
    if (!this.isOn(monotonicNow())) return;
    this.#wakeLater();
    this.#announce('on', BY_OPTIONS);
  }

  /** Milliseconds until it ends by itself, or an update ends that switched it on for a time. */
  #leftMs(now: number): number | undefined {
    const ownMs = this.#switch.leftMs(now);
    const endsAt = this.live.current.enabled ? this.#runtime?.optionEndsAt(CHAOS_KEY, 'enabled') : undefined;
    if (endsAt === undefined) return ownMs;
    return Math.min(Math.max(0, endsAt - now), ownMs ?? Number.POSITIVE_INFINITY);
  }

  /** Sees to it that its end and its reminders are told, whether calls come or not. */
  #wakeLater(): void {
    this.#forgetTimer?.();
    const now = monotonicNow();
    const endInMs = this.#switch.leftMs(now) ?? Number.POSITIVE_INFINITY;
    // Before it belongs to a policy there is nobody to remind.
    const inMs = this.#runtime === undefined ? endInMs : Math.min(endInMs, this.#switch.reminderInMs(now));
    this.#forgetTimer = inMs === Number.POSITIVE_INFINITY ? undefined : afterDelay(inMs, () => this.#wake());
  }

  #wake(): void {
    const now = monotonicNow();
    if (!this.isOn(now)) return;
    const isReminderDue = this.#switch.isReminderDue(now);
    this.#wakeLater();
    if (isReminderDue) this.#announce('still-on', undefined);
  }

  #announce(status: Exclude<ChaosEvent['status'], 'fault'>, reason: string | undefined): void {
    const runtime = this.#runtime;
    if (runtime === undefined || !runtime.events.heard.chaos) return;
    const leftMs = this.#leftMs(monotonicNow());
    const time = wallNow();
    const until = leftMs === undefined ? undefined : time + leftMs;
    runtime.events.emit('chaos', { policy: runtime.name, time, status, reason, faults: this.#faults, until });
  }
}

/** @throws {TypeError} when a user's function gave anything but `true` or `false` */
function isTrue(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  if (isThenable(answer)) Promise.resolve(answer).catch(() => {});
  throw new TypeError(`when gave ${shown(answer)}: expected true or false`);
}
