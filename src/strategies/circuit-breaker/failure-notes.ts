import { wallNow } from '../../core/clock.ts';
import { ErrorTally } from '../../core/error-tally.ts';
import type { FailureMark } from '../../core/failure-onset.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';

/** How many kinds of errors are told apart among those of a tenth of the window. */
const KINDS_PER_MARK = 10;

/** Notes when failures began, and what they were. It knows the call that the machine is moved by, while it is. */
export class FailureNotes {
  readonly #runtime: PolicyRuntime;
  /** What traces that call. */
  trace: unknown = undefined;
  /** Its attempt's outcome, where that is a failure. */
  failure: Outcome | undefined = undefined;

  constructor(runtime: PolicyRuntime) {
    this.#runtime = runtime;
  }

  /** Adds what failed, if it did, to what goes on since `mark`, or since now. */
  note(mark: FailureMark | undefined): FailureMark {
    const noted = mark ?? {
      since: wallNow(),
      counts: this.#runtime.observer.copy(),
      errors: new ErrorTally(KINDS_PER_MARK),
    };
    const { failure } = this;
    if (failure !== undefined) noted.errors.add(failure.error, this.trace, failure.reason);
    return noted;
  }
}
