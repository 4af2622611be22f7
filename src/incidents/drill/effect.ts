import { monotonicNow } from '../../core/clock.ts';
import type { DrilledCircuit, DrilledPolicy } from './ports.ts';

/** How far the end of a forced-open state may lie from where the drill put it and still be the drill's. */
const TOLERANCE_MS = 1_000;

interface Opened {
  readonly policy: string;
  readonly circuit: DrilledCircuit;
  readonly since: number;
  /** On the monotonic clock. */
  readonly until: number;
}

/**
 * Circuits that a drill holds open: only those that were closed, only for a time, and only undone while they are as the
 * drill left them. What people do to them in the meantime stands.
 */
export class DrilledCircuits {
  readonly #opened: Opened[] = [];

  /** Opens every closed circuit of `policies` for `forMs` milliseconds. All or none. */
  open(policies: readonly DrilledPolicy[], reason: string, forMs: number): void {
    try {
      for (const { name, circuits } of policies) {
        for (const circuit of circuits) {
          if (circuit.state !== 'closed') continue;
          circuit.forceOpen(reason, forMs);
          const until = monotonicNow() + forMs;
          this.#opened.push({ policy: name, circuit, since: circuit.since, until });
        }
      }
    } catch (error) {
      this.undo(() => {});
      throw error;
    }
  }

  /** How many circuits of the policy were opened. */
  countOf(policy: string): number {
    return this.#opened.filter((opened) => opened.policy === policy).length;
  }

  /** Whether somebody has undone all of it: every circuit lets calls through, if only probes. */
  get lifted(): boolean {
    return (
      this.#opened.length > 0 &&
      this.#opened.every(({ circuit }) => circuit.state !== 'forced-open' && circuit.state !== 'open')
    );
  }

  /**
   * Closes what is still as the drill left it. Again, it finds nothing to do.
   *
   * @param report is told what a circuit throws; the others are closed all the same
   * @returns what was done, a sentence each
   */
  undo(report: (error: unknown) => void): readonly { readonly policy: string; readonly text: string }[] {
    return this.#opened.splice(0).map((opened) => {
      const { policy, circuit } = opened;
      try {
        if (!isOurs(opened)) {
          const text = `The circuit of '${policy}' was changed by others and is left as it is: ${circuit.state}.`;
          return { policy, text };
        }
        circuit.reset();
        return { policy, text: `The circuit of '${policy}' is closed again.` };
      } catch (error) {
        report(error);
        return { policy, text: `The circuit of '${policy}' could not be closed; it ends by itself.` };
      }
    });
  }
}

function isOurs({ circuit, since, until }: Opened): boolean {
  return (
    circuit.state === 'forced-open' &&
    circuit.since === since &&
    Math.abs(circuit.retryAfterMs - (until - monotonicNow())) <= TOLERANCE_MS
  );
}
