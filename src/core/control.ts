import { numbered } from './numbered-names.ts';
import { numberThat, options, parseOptions } from './options.ts';
import type { Inner, Strategy } from './pipeline.ts';

/** A limit of a policy that can be changed while it runs. Strategies contribute those that they have. */
export interface LimitControl {
  /** As in the policy's options: `attemptTimeoutMs`, `retry.maxRetries`. */
  readonly name: string;
  /** What it is, in words, with its unit. */
  readonly text: string;
  /** What the options say. */
  readonly configured: number;
  /** What holds now. */
  readonly current: number;
  /**
   * Whether it is a count from 0, a size (a count from 1), a duration in milliseconds above 0, a factor from 1, or a rate,
   * which is any number above 0.
   */
  readonly type: 'count' | 'size' | 'duration' | 'factor' | 'rate';
  /**
   * Changes it for what begins from now on; `undefined` gives back what the options say.
   *
   * @throws {InvalidOptionsError} where the value is no finite number; then nothing has changed
   */
  set(value: number | undefined): void;
}

/** What was set by hand of a layer's limits, in place of what its options say. */
export class SetByHand<Name extends string> {
  readonly #layer: string;
  readonly #onSet: () => void;
  readonly #values = new Map<Name, number>();

  /**
   * @param layer the layer as in the policy's options
   * @param onSet a value was set or given back. Default: whoever needs one asks for it
   */
  constructor(layer: string, onSet: () => void = () => {}) {
    this.#layer = layer;
    this.#onSet = onSet;
  }

  /** What was set, if anything was. */
  get(name: Name): number | undefined {
    return this.#values.get(name);
  }

  /** The limit of that name within the layer. */
  limit(name: Name, facts: Omit<LimitControl, 'name' | 'set'>): LimitControl {
    return {
      ...facts,
      name: `${this.#layer}.${name}`,
      set: (value) => {
        if (value === undefined) this.#values.delete(name);
        else this.#values.set(name, value);
        this.#onSet();
      },
    };
  }
}

/** The limits of a policy's layers; of several of one name, the second is `name 2`. Each takes finite numbers only. */
export function limitsOf(
  policy: string,
  strategies: readonly Strategy[],
  layers: readonly Inner[],
): readonly LimitControl[] {
  const named = numbered();
  return strategies.flatMap((strategy, at) =>
    (layers[at]?.limits?.(strategy) ?? []).map((limit) => guarded(policy, limit, named(limit.name))),
  );
}

const valueSchema = options({ value: numberThat(() => true, 'a finite number').optional() });

function guarded(policy: string, limit: LimitControl, name: string): LimitControl {
  const { text, configured, current, type } = limit;
  const set = (given: number | undefined): void => {
    const { value } = parseOptions(valueSchema, { value: given }, policy, `The new value of ${name}`);
    limit.set(value);
  };
  return { name, text, configured, current, type, set };
}
