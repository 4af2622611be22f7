import type { OperationContext } from '../../core/attempt.ts';
import { BrokenOff, realEnd } from '../../core/broken-off.ts';
import { monotonicNow } from '../../core/clock.ts';
import { deadlines } from '../../core/deadlines.ts';
import { InjectedFaultError, withoutStack } from '../../core/errors.ts';
import { invokeWithin } from '../../core/nesting.ts';
import { InnerPassage, type Passage } from '../../core/passage.ts';
import type { Outer } from '../../core/pipeline.ts';
import { Deadline } from '../../core/scope.ts';
import { isThenable } from '../../core/thenable.ts';
import type { ChaosController } from './control.ts';
import { type Draw, type Fault, SPARED } from './dice.ts';

/**
 * What passes through while chaos is on: does to each attempt within it what the dice say. A fault takes the operation's
 * place, so that it is judged, timed and counted like what the operation itself comes to.
 */
export class ChaosPassage extends InnerPassage {
  readonly #control: ChaosController;

  constructor(opener: Outer, outer: Passage, control: ChaosController) {
    super(opener, outer);
    this.#control = control;
  }

  override invoke(context: OperationContext): unknown {
    const draw = this.#control.draw(this.call);
    return draw === SPARED ? this.outer.invoke(context) : this.#inject(draw, context);
  }

  async #inject({ latencyMs, ending }: Draw, context: OperationContext): Promise<unknown> {
    const { abort, error, result } = this.#control.live.current;
    if (latencyMs > 0) {
      this.#made('latency');
      await pause(latencyMs, context.signal);
    }
    if (ending === 'error') {
      this.#made('error');
      throw this.#errorOf(error?.error, (injected) => injected);
    }
    if (ending === 'abort') return this.#break(context, abort?.afterMs ?? 0, abort?.error);
    const value = await this.#run(context);
    return ending === 'result' && result !== undefined ? this.#spoilt(value, result.result) : value;
  }

  #made(fault: Fault): void {
    this.#control.made(fault, this.call.trace);
  }

  /** Runs the operation, and breaks its connection after a while. What it comes to then is nobody's. */
  #break(
    context: OperationContext,
    afterMs: number,
    makeError: (() => unknown) | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const connection = new AbortController();
      const running = this.#start(context, AbortSignal.any([context.signal, connection.signal]));
      const wait = new Pause(() => {
        if (context.signal.aborted) return;
        this.#made('abort');
        const error = this.#errorOf(makeError, connectionReset);
        connection.abort(error);
        reject(new BrokenOff(error, realEnd(running)));
      });
      if (afterMs === 0) wait.expire();
      else deadlines.arm(wait, afterMs, monotonicNow());
      // Once it is broken, neither of these says anything any more.
      running.then(resolve, reject).finally(() => deadlines.clear(wait));
    });
  }

  /** Runs the operation under another signal; what it throws at once becomes a rejection. */
  async #start(context: OperationContext, signal: AbortSignal): Promise<unknown> {
    // The context's getters are its own, and work on that only.
    const broken = new Proxy(context, {
      get: (target, key) => (key === 'signal' ? signal : Reflect.get(target, key)),
    });
    return this.#run(broken);
  }

  /** Runs the operation, perhaps late. */
  #run(context: OperationContext): unknown {
    const { runtime } = this.call;
    return runtime.hazards.retries ? invokeWithin(runtime, this.outer, context) : this.outer.invoke(context);
  }

  #spoilt(value: unknown, spoil: (value: unknown) => unknown): unknown {
    try {
      const bad = spoil(value);
      if (!isThenable(bad)) {
        this.#made('result');
        return bad;
      }
      Promise.resolve(bad).catch(() => {});
      throw new TypeError('result gave a promise: expected the bad result itself');
    } catch (error) {
      this.#control.report(error);
      return value;
    }
  }

  /**
   * @param make the user's own function
   * @param byDefault what is made where there is none, or it fails
   */
  #errorOf(make: (() => unknown) | undefined, byDefault: (injected: InjectedFaultError) => unknown): unknown {
    if (make !== undefined) {
      try {
        const made = make();
        if (!isThenable(made)) return made;
        Promise.resolve(made).catch(() => {});
        throw new TypeError('error gave a promise: expected the error itself');
      } catch (error) {
        this.#control.report(error);
      }
    }
    return withoutStack(() => byDefault(new InjectedFaultError(this.call.runtime.name)));
  }
}

/** What Node gives where the other side resets a connection; its cause tells that it is made up. */
function connectionReset(injected: InjectedFaultError): Error {
  const error = new Error('read ECONNRESET', { cause: injected });
  return Object.assign(error, { code: 'ECONNRESET', errno: -104, syscall: 'read' });
}

/** Waits on the timer that all deadlines share. */
class Pause extends Deadline {
  readonly #over: () => void;

  constructor(over: () => void) {
    super();
    this.#over = over;
  }

  override expire(): void {
    this.#over();
  }
}

/** Resolves after a while; rejects with the signal's reason as soon as that aborts, also in the very moment. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const leave = (): void => {
      deadlines.clear(wait);
      resolve();
    };
    const wait = new Pause(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
    signal.addEventListener('abort', leave, { once: true });
    deadlines.arm(wait, ms, monotonicNow());
  });
  signal.throwIfAborted();
}
