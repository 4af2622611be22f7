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

/**
 * What of a chaos layer there is one of: its options, whether it is on, and what it has done. It says so aloud: an event
 * when it is switched on or off, when its time is over, and once a minute while calls come.
 */
export class ChaosController implements ChaosControl {
  readonly live: LiveSettings<typeof chaosSchema>;
  readonly #switch = new ChaosSwitch();
  readonly #counts: Record<Fault, number> = { error: 0, latency: 0, abort: 0, result: 0 };
  #faults = 0;
  #runtime: PolicyRuntime | undefined = undefined;
  #isClosed = false;
  /** Takes back what notices the end where no call does. It keeps no process alive. */
  #forgetEnd: (() => void) | undefined = undefined;

  constructor(given: ChaosOptions) {
    this.live = new LiveSettings(chaosSchema, given, 'Options of chaos()');
    this.live.onChange((now, before) => {
      if (!now.enabled && before.enabled) this.#switchOff('its options say so');
      else if (now.enabled && !(before.enabled && now.forMs === before.forMs))
        this.#switchOn(now.forMs, 'its options say so');
    });
  }

  /** Called once the layer belongs to a policy. */
  bound(runtime: PolicyRuntime): void {
    this.#runtime = runtime;
    runtime.onClose(() => {
      this.#switchOff('the policy is gone');
      this.#isClosed = true;
    });
    const { enabled, forMs } = this.live.current;
    if (this.#switch.isOn) this.#announce('on', 'code switched it on');
    else if (enabled) this.#switchOn(forMs, 'its options say so');
  }

  get active(): boolean {
    return this.isOn(monotonicNow());
  }

  get faults(): number {
    return this.#faults;
  }

  get until(): number | undefined {
    const leftMs = this.active ? this.#switch.leftMs(monotonicNow()) : undefined;
    return leftMs === undefined ? undefined : wallNow() + leftMs;
  }

  get isEndless(): boolean {
    const { enabled, forMs } = this.live.current;
    return enabled && forMs === undefined;
  }

  start(given: { readonly forMs?: number | undefined } = {}): void {
    const policy = this.#runtime?.name ?? '';
    const { forMs = this.live.current.forMs } = parseOptions(
      startSchema,
      given,
      policy,
      'Options of chaos.start()',
    );
    if (this.#isClosed) throw new ClosedError(policy);
    this.#switchOn(forMs, 'code switched it on');
  }

  stop(): void {
    this.#switchOff('code switched it off');
  }

  /** How many faults of that sort it has made. */
  countOf(fault: Fault): number {
    return this.#counts[fault];
  }

  /** Whether it is on. One whose time is over is switched off by that. */
  isOn(now: number): boolean {
    if (!this.#switch.isOn) return false;
    if (this.#switch.isOver(now)) {
      this.#switchOff('its time is over');
      return false;
    }
    return true;
  }

  /** What is to be done to an attempt of `call`. */
  draw(call: Call): Draw {
    const now = monotonicNow();
    if (!this.isOn(now)) return SPARED;
    if (this.#switch.isReminderDue(now)) this.#announce('still-on', undefined);
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

  #switchOn(forMs: number | undefined, reason: string): void {
    if (this.#isClosed) return;
    if (!this.#switch.isOn) this.#faults = 0;
    this.#switch.start(monotonicNow(), forMs);
    this.#wakeAtEnd();
    this.#announce('on', reason);
  }

  #switchOff(reason: string): void {
    if (!this.#switch.isOn) return;
    this.#switch.stop();
    this.#forgetEnd?.();
    this.#forgetEnd = undefined;
    this.#announce('off', reason);
  }

  #wakeAtEnd(): void {
    this.#forgetEnd?.();
    const leftMs = this.#switch.leftMs(monotonicNow());
    this.#forgetEnd = leftMs === undefined ? undefined : afterDelay(leftMs, () => this.isOn(monotonicNow()));
  }

  #announce(status: Exclude<ChaosEvent['status'], 'fault'>, reason: string | undefined): void {
    const runtime = this.#runtime;
    if (runtime === undefined || !runtime.events.heard.chaos) return;
    const leftMs = this.#switch.leftMs(monotonicNow());
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
