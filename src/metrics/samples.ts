import {
  type Aggregation,
  type FamilyDefinition,
  type FamilyMember,
  type FamilyReading,
  type Labels,
  type Owner,
  type Row,
  type Series,
  type SharedFamily,
  signatureOf,
  type Values,
} from './family.ts';
import { labelText } from './label-text.ts';

/** The members of a family, and their samples put together. */
export class FamilySamples implements SharedFamily {
  readonly version = 2;
  readonly signature: string;
  readonly definition: FamilyDefinition;
  readonly #members = new Set<FamilyMember>();
  readonly #onEmpty: () => void;
  /** Made anew whenever the members change, so that a reading that has begun is not affected. */
  #series: readonly Series[] = [];
  #shares: readonly Share[] = [];

  /** @param onEmpty called when the last member has left */
  constructor(definition: FamilyDefinition, onEmpty: () => void) {
    this.signature = signatureOf(definition);
    this.definition = definition;
    this.#onEmpty = onEmpty;
  }

  join(member: FamilyMember): () => void {
    this.#members.add(member);
    this.#arrange();
    return () => {
      if (!this.#members.delete(member)) return;
      this.#arrange();
      if (this.#members.size === 0) this.#onEmpty();
    };
  }

  read(): FamilyReading {
    const [first, ...others] = this.#shares;
    if (first === undefined) return { series: [], rows: [] };
    const rows = others.length === 0 ? rowsOf(first) : sharedRows(this.#shares, this.definition.aggregation);
    return { series: this.#series, rows };
  }

  /** Gives each series of any member its column. Other versions of this package may know more or fewer of them. */
  #arrange(): void {
    const columns = new Map<string, number>();
    const all: Series[] = [];
    this.#shares = [...this.#members].map((member) => {
      const own = member.series.map((series) => {
        const key = `${series.suffix ?? ''}{${labelText(series.labels)}}`;
        const column = columns.get(key) ?? all.push(series) - 1;
        columns.set(key, column);
        return column;
      });
      return new Share(member, own);
    });
    this.#series = all;
  }
}

/** A member, and where its values go. */
class Share {
  readonly #member: FamilyMember;
  readonly #columns: readonly number[];
  readonly #inPlace: boolean;

  constructor(member: FamilyMember, columns: readonly number[]) {
    this.#member = member;
    this.#columns = columns;
    this.#inPlace = columns.every((column, index) => column === index);
  }

  *owners(): Iterable<Owner> {
    try {
      yield* this.#member.owners();
    } catch (error) {
      this.#member.failed(error);
    }
  }

  /** The values of an owner, by column; `undefined` when they cannot be read. */
  values(owner: Owner): Values | undefined {
    try {
      const values = owner.values();
      return this.#inPlace ? values : this.#place(values);
    } catch (error) {
      this.#member.failed(error);
      return undefined;
    }
  }

  #place(values: Values): Values {
    const placed: (number | undefined)[] = [];
    for (const [index, column] of this.#columns.entries()) placed[column] = values[index];
    return placed;
  }
}

function* rowsOf(share: Share): Iterable<Row> {
  for (const owner of share.owners()) {
    const values = share.values(owner);
    if (values !== undefined) yield { owner: owner.labels, values };
  }
}

/** Rows of equal owners become one. All that one owner has is read at one moment here too. */
function* sharedRows(shares: readonly Share[], aggregation: Aggregation): Iterable<Row> {
  const parts = new Map<string, { readonly share: Share; readonly owner: Owner }[]>();
  for (const share of shares) {
    for (const owner of share.owners()) {
      const key = labelText(owner.labels);
      const known = parts.get(key);
      if (known === undefined) parts.set(key, [{ share, owner }]);
      else known.push({ share, owner });
    }
  }
  for (const same of parts.values()) {
    const read: Values[] = [];
    let labels: Labels | undefined;
    for (const { share, owner } of same) {
      const values = share.values(owner);
      if (values === undefined) continue;
      read.push(values);
      labels ??= owner.labels;
    }
    if (labels !== undefined) yield { owner: labels, values: together(read, aggregation) };
  }
}

function together(read: readonly Values[], aggregation: Aggregation): Values {
  const [first = [], ...others] = read;
  if (others.length === 0) return first;
  const width = Math.max(...read.map(({ length }) => length));
  return Array.from({ length: width }, (_, column) => {
    const values = read.flatMap((row) => row[column] ?? []);
    return values.length === 0 ? undefined : aggregate(values, aggregation);
  });
}

function aggregate(values: readonly number[], aggregation: Aggregation): number {
  if (aggregation === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return aggregation === 'sum' ? sum : sum / values.length;
}
