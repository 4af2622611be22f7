/** The generation of a permit that no circuit has given, or that is spent: whatever becomes of it moves nothing. */
export const NO_GENERATION = -1;

/**
 * What a circuit gives on admission. It carries the generation of the state that it was given in. It is settled or
 * released once; later settlements, and those of an older generation, move nothing.
 */
export interface Permit {
  generation: number;
  /** Monotonic time of the admission. */
  admittedAt: number;
}
