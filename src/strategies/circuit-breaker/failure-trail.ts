import type { FailureOnset } from '../../core/failure-onset.ts';
import { FailureMarks, type NoteFailure } from './failure-marks.ts';
import type { AttemptWindow } from './window.ts';

/** When the failures began that a circuit's window holds, or that led it out of the closed state. */
export class FailureTrail {
  readonly #note: NoteFailure;
  /** Made with the first failure. */
  #marks: FailureMarks | undefined = undefined;
  /** Why the circuit is not closed, where failures are the reason. */
  cause: FailureOnset | undefined = undefined;

  constructor(note: NoteFailure) {
    this.#note = note;
  }

  /**
   * Notes an attempt that the window has recorded.
   *
   * @param beginsRow whether failures in a row begin with it
   */
  record(failure: boolean, slow: boolean, window: AttemptWindow, beginsRow: boolean): void {
    if (!failure) this.#marks?.endRow();
    if (!failure && !slow) return;
    this.#marks ??= new FailureMarks(this.#note);
    this.#marks.note(window.slot, window.oldestSlot, beginsRow);
  }

  /** Adds what did not count against the dependency to what goes on since the last failure. */
  beside(note: NoteFailure): void {
    if (this.#marks?.newest !== undefined) note(this.#marks.newest);
  }

  /** Where the failures began that the window holds, or those in a row. */
  current(window: AttemptWindow, ofRow: boolean): FailureOnset | undefined {
    return this.#marks?.onset(window.slot, window.oldestSlot, ofRow);
  }

  clear(): void {
    this.#marks?.clear();
  }
}
