import type { OperationContext } from './attempt.ts';
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

/** One of the redundant places where an operation can go. */
export interface Endpoint {
  readonly name: string;
  /** What the operation is given for it: a pool, a client, a base URL. */
  readonly target: unknown;
}

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

  /** The endpoint that a layer around it has chosen, if one has. */
  get endpoint(): Endpoint | undefined {
    return this.outer.endpoint;
  }

  /**
   * Whether it is a run beside another of the same call, and may come to nothing without loss: it puts nobody out of a
   * queue.
   */
  get isBeside(): boolean {
    return this.outer.isBeside;
  }

  /**
   * Runs the operation for an attempt within. Who does something in its place, or to it, overrides it, and rejects with a
   * `BrokenOff` where the operation runs on.
   */
  invoke(context: OperationContext): unknown {
    return this.outer.invoke(context);
  }

  /**
   * An operation within was given up and still runs. Told before that attempt's outcome travels outward; `operationEnded`
   * follows once, when it really ends. Who overrides either hands it on outward.
   */
  operationLeft(): void {
    this.outer.operationLeft();
  }

  /** An operation that was left behind within has really ended. */
  operationEnded(): void {
    this.outer.operationEnded();
  }

  /**
   * The caller has its answer before the attempt is over, as with a stream: nothing can be done in its place any more.
   * Who overrides it hands it on outward.
   *
   * @param within the passage next within it, from which the answer came
   */
  answered(_within: Passage | undefined): void {
    this.outer.answered(this);
  }
}
