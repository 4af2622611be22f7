import type { Adjustable } from './adjustable.ts';
import { BUDGET_KEY, BudgetOptions } from './budget-options.ts';
import { monotonicNow, wallNow } from './clock.ts';
import { ClosedError, InvalidOptionsError, isBreakwaterError, type OptionsProblem } from './errors.ts';
import type { UpdateEvent } from './events.ts';
import { copied, isPlainObject, mergedOption, type OptionChange, optionChanges } from './merged-options.ts';
import { numbered } from './numbered-names.ts';
import { durationMs, options, parseOptions, shown, suggest } from './options.ts';
import type { Strategy } from './pipeline.ts';
import type { PolicyRuntime } from './runtime.ts';
import { afterDelay } from './timers.ts';

/** For how long an update holds. */
export interface UpdateOptions {
  /**
   * After how many milliseconds the options go back to what they would be without it; any finite number above 0.
   * Default: never.
   */
  readonly forMs?: number | undefined;
}

const updateSchema = options({ forMs: durationMs.optional() });

/** Options by the layer's key. */
type ByKey = ReadonlyMap<string, unknown>;

/** Options that hold for a time, on top of those that hold for good. */
interface Override {
  readonly given: ByKey;
  /** Monotonic time at which it ends by itself. */
  readonly endsAt: number;
  cancel: () => void;
}

/** What is to be put in force for one layer. */
interface Step {
  readonly key: string;
  readonly layer: Adjustable;
  readonly apply: () => void;
}

const REMADE = 'remove the policy and make it anew';

/**
 * Changes the options of a policy's layers while it works. What holds is the options that it was made with or last given
 * for good, and on top of them each override, in the order in which they were made.
 */
export class Updates {
  readonly #runtime: PolicyRuntime;
  readonly #strategies: readonly Strategy[];
  readonly #policyOptions: readonly string[];
  readonly #budget: BudgetOptions;
  /** What was given for good, of layers that were updated. */
  readonly #base = new Map<string, unknown>();
  readonly #overrides = new Set<Override>();
  #closed = false;

  /** @param policyOptions the names of all options that any policy may have */
  constructor(runtime: PolicyRuntime, strategies: readonly Strategy[], policyOptions: readonly string[]) {
    this.#runtime = runtime;
    this.#strategies = strategies;
    this.#policyOptions = policyOptions;
    this.#budget = new BudgetOptions(runtime);
    runtime.optionEndsAt = (key, option) => this.#optionEndsAt(key, option);
    runtime.onClose(() => this.#close());
  }

  /**
   * Puts options in force, or nothing at all.
   *
   * @returns what ends it early; `undefined` where it holds for good
   * @throws {InvalidOptionsError} naming all that is wrong
   * @throws {ClosedError} once the policy is closed
   */
  update(changes: unknown, how: unknown = {}): (() => void) | undefined {
    // Getters of the caller's run here, before anything is read that they could change.
    const given = isPlainObject(changes) ? asked(changes) : new Map();
    if (this.#closed) throw new ClosedError(this.#runtime.name);
    const problems: OptionsProblem[] = [];
    const forMs = collected(problems, '', () => parseOptions(updateSchema, how, '', '').forMs);
    if (!isPlainObject(changes)) {
      problems.push({ path: '', message: `must be an object of options, not ${shown(changes)}` });
    }
    const layers = new Map<string, Adjustable>();
    for (const [key, value] of given) {
      const layer = this.#layerOf(key, value);
      if (typeof layer === 'string') problems.push({ path: key, message: layer });
      else layers.set(key, layer);
    }
    const steps =
      forMs === undefined
        ? this.#stepsForGood(given, layers, problems)
        : this.#stepsOnTop(given, layers, problems);
    if (problems.length > 0) {
      const subject = `Changes of policy '${this.#runtime.name}' cannot be made`;
      throw new InvalidOptionsError(this.#runtime.name, subject, problems);
    }
    return forMs === undefined ? this.#change(given, steps) : this.#override(given, forMs, steps);
  }

  /** The options that hold now; of several layers of one key, the second is `key 2`. */
  get current(): Readonly<Record<string, unknown>> {
    const named = numbered();
    const ofLayers = Object.fromEntries(
      this.#strategies.flatMap(({ key, kind, adjustable }) => {
        if (adjustable === undefined) return [];
        return [[named(key ?? kind), copied(adjustable.current)]];
      }),
    );
    return { ...ofLayers, [BUDGET_KEY]: copied(this.#budget.current) };
  }

  #change(given: ByKey, steps: readonly Step[]): undefined {
    const kept = [...given].flatMap(([key, value]) => {
      const layer = this.#adjustable(key);
      if (layer === undefined) return [];
      const before = this.#baseOf(key, layer);
      const now = merged(layer, before, value);
      this.#base.set(key, now);
      return optionChanges(key, before, now).length > 0 ? [key] : [];
    });
    const changes = this.#apply(steps);
    // What is given again and again, as by a program that reads a file every minute, is told once.
    if (kept.length > 0) this.#announce('changed', kept, changes);
  }

  #override(given: ByKey, forMs: number, steps: readonly Step[]): () => void {
    const override: Override = { given, endsAt: monotonicNow() + forMs, cancel: () => {} };
    const end = (): void => this.#end(override);
    if (given.size === 0) return end;
    this.#overrides.add(override);
    override.cancel = afterDelay(forMs, end);
    const changes = this.#apply(steps);
    this.#announce('overridden', [...given.keys()], changes, forMs);
    return end;
  }

  #end(override: Override): void {
    if (this.#closed || !this.#overrides.delete(override)) return;
    override.cancel();
    const keys = [...override.given.keys()];
    const steps = keys.flatMap((key) => this.#stepWithout(key) ?? []);
    this.#announce('restored', keys, this.#apply(steps));
  }

  /** Checks what is to hold for good, and what comes of it under the overrides that hold now. */
  #stepsForGood(given: ByKey, layers: ReadonlyMap<string, Adjustable>, problems: OptionsProblem[]): Step[] {
    return [...layers].flatMap(([key, layer]) => {
      const base = merged(layer, this.#baseOf(key, layer), given.get(key));
      const found: OptionsProblem[] = [];
      const forGood = collected(found, key, () => layer.prepare(base));
      let apply = forGood;
      let holds = base;
      // Each override must lie on what is below it, as it will when those above it have ended.
      for (const value of this.#overridesOf(key)) {
        if (found.length > 0) break;
        holds = merged(layer, holds, value);
        apply = collected(found, key, () => layer.prepare(holds));
      }
      const isUnder = forGood !== undefined && found.length > 0;
      problems.push(...found.map((problem) => (isUnder ? underOverride(problem) : problem)));
      return apply === undefined ? [] : [{ key, layer, apply }];
    });
  }

  /** Checks what is to hold for a time. */
  #stepsOnTop(given: ByKey, layers: ReadonlyMap<string, Adjustable>, problems: OptionsProblem[]): Step[] {
    return [...layers].flatMap(([key, layer]) => {
      this.#keepBase(key, layer);
      const holds = merged(layer, layer.given, given.get(key));
      const apply = collected(problems, key, () => layer.prepare(holds));
      return apply === undefined ? [] : [{ key, layer, apply }];
    });
  }

  /**
   * What comes of the overrides that are left. One that the end of another has made impossible is passed over and reported:
   * it may have leaned on it, as a larger `maxOpenMs` does on a larger `openMs`.
   */
  #stepWithout(key: string): Step | undefined {
    const layer = this.#adjustable(key);
    if (layer === undefined) return undefined;
    let holds = this.#baseOf(key, layer);
    let apply = (): void => {};
    try {
      apply = layer.prepare(holds, true);
    } catch (error) {
      this.#runtime.report('update', error);
      return undefined;
    }
    for (const value of this.#overridesOf(key)) {
      const next = merged(layer, holds, value);
      try {
        apply = layer.prepare(next, true);
        holds = next;
      } catch (error) {
        this.#runtime.report('update', error);
      }
    }
    return { key, layer, apply };
  }

  #apply(steps: readonly Step[]): OptionChange[] {
    return steps.flatMap(({ key, layer, apply }) => {
      const before = layer.current;
      try {
        apply();
      } catch (error) {
        this.#runtime.report('update', error);
      }
      return optionChanges(key, before, layer.current);
    });
  }

  #announce(
    status: UpdateEvent['status'],
    keys: readonly string[],
    changes: readonly OptionChange[],
    forMs?: number,
  ): void {
    const { events, name: policy, hazards } = this.#runtime;
    if (events.heard.update) {
      const duration = forMs === undefined ? {} : { forMs };
      events.emit('update', { policy, time: wallNow(), status, keys, changes, ...duration });
    }
    hazards.examine(this.#strategies);
  }

  /** What the layer was made with, or last given for good. */
  #baseOf(key: string, layer: Adjustable): unknown {
    this.#keepBase(key, layer);
    return this.#base.get(key);
  }

  /** Before the first change what was given is what the layer was made with. */
  #keepBase(key: string, layer: Adjustable): void {
    if (!this.#base.has(key)) this.#base.set(key, full(layer, layer.given));
  }

  #overridesOf(key: string): unknown[] {
    return [...this.#overrides].flatMap(({ given }) => (given.has(key) ? [given.get(key)] : []));
  }

  /** When an option that holds now goes back to something else by itself; `undefined` where no override's end changes it. */
  #optionEndsAt(key: string, option: string): number | undefined {
    const layer = this.#adjustable(key);
    const overrides = [...this.#overrides].filter(({ given }) => given.has(key));
    if (layer === undefined || overrides.length === 0) return undefined;
    const valueAfter = (time: number): unknown => {
      const left = overrides.filter(({ endsAt }) => endsAt > time);
      const holds = left.reduce(
        (base, { given }) => merged(layer, base, given.get(key)),
        this.#baseOf(key, layer),
      );
      return isPlainObject(holds) ? holds[option] : undefined;
    };
    const now = valueAfter(Number.NEGATIVE_INFINITY);
    const ends = overrides.map(({ endsAt }) => endsAt).toSorted((a, b) => a - b);
    return ends.find((end) => valueAfter(end) !== now);
  }

  #adjustable(key: string): Adjustable | undefined {
    if (key === BUDGET_KEY) return this.#budget;
    return this.#strategies.find((strategy) => strategy.key === key)?.adjustable;
  }

  /** The layer that an option is of, or why that cannot change. */
  #layerOf(key: string, value: unknown): Adjustable | string {
    if (key === BUDGET_KEY) return this.#budgetOrWhyNot(value);
    const [strategy, another] = this.#strategies.filter((known) => known.key === key);
    if (strategy === undefined) return this.#whyNone(key);
    if (another !== undefined) return 'stands for several layers of this policy, and cannot say which';
    if (strategy.adjustable === undefined) return `cannot change while the policy runs; ${REMADE}`;
    if (value === false) return `a layer cannot be taken out while the policy runs; ${REMADE}`;
    if (typeof value === 'object' && !isPlainObject(value))
      return `must be a plain object, not ${shown(value)}`;
    return strategy.adjustable;
  }

  #budgetOrWhyNot(value: unknown): Adjustable | string {
    if (!isPlainObject(value)) return `must be a plain object, such as { ratio: 0.1 }, not ${shown(value)}`;
    if (this.#strategies.some(({ setsBudget }) => setsBudget === true))
      return "is what 'retry.budget' of this policy says; change that";
    return this.#budget;
  }

  #whyNone(key: string): string {
    const own = this.#strategies.flatMap((strategy) => strategy.key ?? []);
    if (this.#policyOptions.includes(key)) {
      return `is none of the layers that this policy was made with (${own.join(', ')}), and cannot change or be added while it runs; ${REMADE}`;
    }
    const meant = suggest(key, own);
    const hint = meant === undefined ? `there are ${own.join(', ')}` : `did you mean '${meant}'?`;
    return `is no layer of this policy; ${hint}`;
  }

  #close(): void {
    this.#closed = true;
    for (const { cancel } of this.#overrides) cancel();
    this.#overrides.clear();
  }
}

/** What was asked for, as a copy. */
function asked(changes: Record<string, unknown>): ByKey {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return new Map(given.map(([key, value]) => [key, copied(value)]));
}

function underOverride({ path, message }: OptionsProblem): OptionsProblem {
  return { path, message: `${message} (together with what holds for a time)` };
}

function merged(layer: Adjustable, holds: unknown, given: unknown): unknown {
  return mergedOption(full(layer, holds), full(layer, given));
}

function full(layer: Adjustable, given: unknown): unknown {
  return layer.inFull === undefined ? given : layer.inFull(given);
}

/** What `check` gives; what it finds wrong is added to `problems`, with its place below `path`. */
function collected<T>(problems: OptionsProblem[], path: string, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!isBreakwaterError(error, 'INVALID_OPTIONS')) throw error;
    for (const problem of error.problems) {
      const parts = [path, problem.path].filter((part) => part !== '');
      problems.push({ ...problem, path: parts.join('.') });
    }
    return undefined;
  }
}
