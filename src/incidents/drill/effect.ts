import { monotonicNow } from '../../core/clock.ts';
import type { DrilledCircuit, DrilledPolicy } from './ports.ts';

/** How far the end of a forced-open state may lie from where the drill put it and still be the drill's. */
const TOLERANCE_MS = 1_000;

/** What a drill did to a circuit. */
export interface CircuitWord {
  readonly policy: string;
  /** One sentence. */
  readonly text: string;
}

interface Probing {
  readonly policy: string;
  readonly circuit: DrilledCircuit;
  readonly since: number;
}

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
  /** Those that try the dependency since the drill let them go. */
  readonly #probing: Probing[] = [];

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

  /** Those that it holds. */
  get held(): ReadonlySet<unknown> {
    return new Set(this.#opened.map(({ circuit }) => circuit));
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
   * Lets go what is still as the drill left it: the circuits try the dependency, and close by themselves with the first
   * calls that succeed, which proves the repair. Again, it finds nothing to do.
   *
   * @param report is told what a circuit throws; that one ends by itself
   */
  release(report: (error: unknown) => void): readonly CircuitWord[] {
    return this.#opened.splice(0).map((opened) => {
      const { policy, circuit } = opened;
      try {
        if (!isOurs(opened)) return leftAlone(opened);
        circuit.probeNow('the drill has been mitigated');
        this.#probing.push({ policy, circuit, since: circuit.since });
        return { policy, text: `The circuit of '${policy}' tries the dependency again.` };
      } catch (error) {
        report(error);
        return notClosed(policy);
      }
    });
  }

  /**
   * Closes what is still as the drill left it. Again, it finds nothing to do.
   *
   * @param report is told what a circuit throws; the others are closed all the same
   * @returns what was done, a sentence each
   */
  undo(report: (error: unknown) => void): readonly CircuitWord[] {
    const probing = this.#probing
      .splice(0)
      .filter(({ circuit, since }) => circuit.state === 'half-open' && circuit.since === since);
    return [
      ...this.#opened
        .splice(0)
        .map((opened) => (isOurs(opened) ? closed(opened, report) : leftAlone(opened))),
      ...probing.map((one) => closed(one, report)),
    ];
  }
}

function closed({ policy, circuit }: Probing, report: (error: unknown) => void): CircuitWord {
  try {
    circuit.reset();
    return { policy, text: `The circuit of '${policy}' is closed again.` };
  } catch (error) {
    report(error);
    return notClosed(policy);
  }
}

function leftAlone({ policy, circuit: { state } }: Opened): CircuitWord {
  return { policy, text: `The circuit of '${policy}' was changed by others and is left as it is: ${state}.` };
}

function notClosed(policy: string): CircuitWord {
  return { policy, text: `The circuit of '${policy}' could not be closed; it ends by itself.` };
}

function isOurs({ circuit, since, until }: Opened): boolean {
  return (
    circuit.state === 'forced-open' &&
    circuit.since === since &&
    Math.abs(circuit.retryAfterMs - (until - monotonicNow())) <= TOLERANCE_MS
  );
}
