import { monotonicNow, wallNow } from '../../core/clock.ts';
import type { PolicySteering } from './steering.ts';

/** How far the end of a hold may lie from where it was put and still be the one that was put there. */
const TOLERANCE_MS = 250;

type HeldCircuit = PolicySteering['circuits'][number];

interface Mark {
  readonly circuit: HeldCircuit;
  readonly state: HeldCircuit['state'];
  readonly since: number;
  /** How long it lasted still when it was begun; `undefined` for what does not end by itself. */
  readonly leftMs: number | undefined;
  readonly setAt: number;
}

/** Circuits that a control holds, as it left them. What others have done to one since makes it theirs. */
export class HeldCircuits {
  readonly #marks: readonly Mark[];

  private constructor(marks: readonly Mark[]) {
    this.#marks = marks;
  }

  /**
   * Holds all of them, or none: where one throws, those before it are undone.
   *
   * @param hold holds one
   * @param undo lets one go that is held
   */
  static begin(
    circuits: readonly HeldCircuit[],
    hold: (circuit: HeldCircuit) => void,
    undo: (circuit: HeldCircuit) => void,
  ): HeldCircuits {
    const marks: Mark[] = [];
    try {
      for (const circuit of circuits) {
        hold(circuit);
        marks.push(markOf(circuit));
      }
    } catch (error) {
      for (const { circuit } of marks) undo(circuit);
      throw error;
    }
    return new HeldCircuits(marks);
  }

  /** Those that others hold, as they are now. */
  static of(circuits: readonly HeldCircuit[]): HeldCircuits {
    return new HeldCircuits(circuits.map(markOf));
  }

  /** Those that are as they were left. */
  get own(): readonly HeldCircuit[] {
    return this.#marks.filter(isAsLeft).map(({ circuit }) => circuit);
  }
}

/** Those that somebody holds by hand: the application, a drill, opossum. `own` are the caller's. */
export function heldByOthers(
  circuits: readonly HeldCircuit[],
  own: readonly HeldCircuit[],
): readonly HeldCircuit[] {
  return circuits.filter(
    (circuit) => (circuit.state === 'forced-open' || circuit.state === 'disabled') && !own.includes(circuit),
  );
}

function markOf(circuit: HeldCircuit): Mark {
  const { state, since, until } = circuit.toJSON();
  const now = wallNow();
  return { circuit, state, since, leftMs: until === null ? undefined : until - now, setAt: monotonicNow() };
}

function isAsLeft(mark: Mark): boolean {
  const now = markOf(mark.circuit);
  if (now.state !== mark.state || now.since !== mark.since) return false;
  if (now.leftMs === undefined || mark.leftMs === undefined) return now.leftMs === mark.leftMs;
  return Math.abs(now.setAt + now.leftMs - (mark.setAt + mark.leftMs)) <= TOLERANCE_MS;
}
