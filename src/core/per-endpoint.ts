import type { LimitControl } from './control.ts';
import { combined, type LayerSample } from './layer-metrics.ts';
import type { Outcome } from './outcome.ts';
import type { Passage } from './passage.ts';
import { edge, type Inner, type Layer, type Outer } from './pipeline.ts';

/** A layer that there may be several of, one for each endpoint. */
interface Part extends Layer {
  limits(): readonly LimitControl[];
  samples(): readonly LayerSample[];
}

/**
 * A layer whose state is each endpoint's own: where a failover around it has chosen an endpoint, a part for that, and
 * else one for all. So what one endpoint takes (places, a limit, a share that is turned away) is not taken from another
 * that is well.
 *
 * As many parts are made as endpoints are called, and those are a closed set.
 */
export class PerEndpoint implements Layer {
  outer: Outer = edge;
  readonly #inner: Inner;
  readonly #make: () => Part;
  /** For what comes without an endpoint. */
  readonly #shared: Part;
  #byEndpoint: Map<string, Part> | undefined = undefined;
  /** All parts. */
  readonly #openers = new Set<Outer>();
  /** What the parts expose that something came to. */
  readonly #used = new Map<Part, readonly LayerSample[]>();
  /** What was set by hand, by the limit's name. */
  readonly #steered = new Map<string, number>();

  /** @param make makes a part around the same `inner`; its `outer` is set here */
  constructor(inner: Inner, make: () => Part) {
    this.#inner = inner;
    this.#make = make;
    this.#shared = this.#newPart();
  }

  enter(passage: Passage, now: number): void {
    const part = this.#partOf(passage);
    if (!this.#used.has(part)) this.#used.set(part, part.samples());
    part.enter(passage, now);
  }

  settle(passage: Passage, outcome: Outcome, now: number): void {
    const { opener } = passage;
    const to = opener !== undefined && this.#openers.has(opener) ? opener : this.outer;
    to.settle(passage, outcome, now);
  }

  refuses(passage: Passage, now: number): boolean {
    return this.#inner.refuses?.(passage, now) === true;
  }

  /** Each holds for every part by itself. */
  limits(): readonly LimitControl[] {
    return this.#shared.limits().map((limit) => {
      const { name, text, configured, current, type } = limit;
      const set = (value: number | undefined): void => {
        if (value === undefined) this.#steered.delete(name);
        else this.#steered.set(name, value);
        for (const part of this.#all) steer(part, name, value);
      };
      return { name, text, configured, current, type, set };
    });
  }

  samples(): readonly LayerSample[] {
    return this.#shared.samples().map((sample, at) => ({
      ...sample,
      read: () => {
        const parts = [...this.#used.values()];
        const alike = parts.length === 0 ? [sample] : parts.flatMap((samples) => samples[at] ?? []);
        return combined(sample, alike);
      },
    }));
  }

  get #all(): readonly Part[] {
    return [this.#shared, ...(this.#byEndpoint?.values() ?? [])];
  }

  #partOf({ endpoint }: Passage): Part {
    if (endpoint === undefined) return this.#shared;
    this.#byEndpoint ??= new Map();
    let part = this.#byEndpoint.get(endpoint.name);
    if (part === undefined) {
      part = this.#newPart();
      for (const [name, value] of this.#steered) steer(part, name, value);
      this.#byEndpoint.set(endpoint.name, part);
    }
    return part;
  }

  #newPart(): Part {
    const part = this.#make();
    part.outer = { settle: (passage, outcome, now) => this.outer.settle(passage, outcome, now) };
    this.#openers.add(part);
    return part;
  }
}

function steer(part: Part, name: string, value: number | undefined): void {
  for (const limit of part.limits()) if (limit.name === name) limit.set(value);
}
