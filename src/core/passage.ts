import type { Call } from './call.ts';
import { NO_GENERATION, type Permit } from './permit.ts';
import type { Outer } from './pipeline.ts';
import { Scope } from './scope.ts';

/**
 * What travels inward through a policy's layers, and outward again with an outcome. A call is its own first passage;
 * a layer that needs a time, a state or a second run of its own opens another within the one that it was given.
 *
 * Each carries the permit of the circuit that let it through.
 */
export type Passage = Call | InnerPassage;

/** A passage that a layer opens within another. */
export abstract class InnerPassage extends Scope implements Permit {
  /** The layer that opened it. */
  readonly opener: Outer | undefined;
  /** The passage that the layer was given, and goes on with outward. */
  readonly outer: Passage;
  generation = NO_GENERATION;
  admittedAt: number;

  constructor(opener: Outer | undefined, outer: Passage) {
    super(outer);
    this.opener = opener;
    this.outer = outer;
    this.admittedAt = outer.admittedAt;
  }

  override get parent(): Passage {
    return this.outer;
  }

  /** The call that passes. */
  get call(): Call {
    return this.outer.call;
  }

  /** Monotonic time at which the call, or the run that it is in since a layer repeated it, began. */
  get since(): number {
    return this.outer.since;
  }
}
