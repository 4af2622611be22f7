import {
  type Aggregation,
  type Emit,
  type FamilyDefinition,
  type FamilyMember,
  type Labels,
  type SharedFamily,
  signatureOf,
} from './family.ts';

/** A sample on its way to prom-client. */
export interface Sample {
  readonly value: number;
  readonly owner: Labels;
  readonly series: Labels;
  readonly suffix: string | undefined;
}

/** The members of a family, and their samples put together. */
export class FamilySamples implements SharedFamily {
  readonly version = 1;
  readonly signature: string;
  readonly #aggregation: Aggregation;
  readonly #members = new Set<FamilyMember>();
  readonly #onEmpty: () => void;

  /** @param onEmpty called when the last member has left */
  constructor(definition: FamilyDefinition, onEmpty: () => void) {
    this.signature = signatureOf(definition);
    this.#aggregation = definition.aggregation;
    this.#onEmpty = onEmpty;
  }

  join(member: FamilyMember): () => void {
    this.#members.add(member);
    return () => {
      if (this.#members.delete(member) && this.#members.size === 0) this.#onEmpty();
    };
  }

  /** Reads all members. Samples of equal labels become one. */
  collect(): readonly Sample[] {
    const samples: Sample[] = [];
    const emit: Emit = (value, owner, series, suffix) => {
      samples.push({ value, owner, series, suffix });
    };
    for (const member of this.#members) {
      const before = samples.length;
      try {
        member.read(emit);
      } catch (error) {
        samples.length = before;
        member.failed(error);
      }
    }
    return this.#members.size > 1 ? merged(samples, this.#aggregation) : samples;
  }
}

function merged(samples: readonly Sample[], aggregation: Aggregation): readonly Sample[] {
  const byLabels = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.suffix, sample.owner, sample.series]);
    const group = byLabels.get(key);
    if (group === undefined) byLabels.set(key, [sample]);
    else group.push(sample);
  }
  return [...byLabels.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const values = group.map(({ value }) => value);
    return [{ ...first, value: aggregate(values, aggregation) }];
  });
}

function aggregate(values: readonly number[], aggregation: Aggregation): number {
  if (aggregation === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return aggregation === 'sum' ? sum : sum / values.length;
}
