import type { Exemplar, Exemplars } from './exemplars.ts';
import {
  type Aggregation,
  type FamilyDefinition,
  type FamilyMember,
  type FamilyReading,
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

  /** What an owner has, by column; `undefined` when it cannot be read. */
  row(owner: Owner): Row | undefined {
    try {
      const values = this.#placed(owner.values());
      const exemplars = owner.exemplars?.();
      const { labels } = owner;
      return exemplars === undefined
        ? { owner: labels, values }
        : { owner: labels, values, exemplars: this.#placed(exemplars) };
    } catch (error) {
      this.#member.failed(error);
      return undefined;
    }
  }

  #placed<Item>(items: readonly (Item | undefined)[]): readonly (Item | undefined)[] {
    if (this.#inPlace) return items;
    const placed: (Item | undefined)[] = [];
    for (const [index, column] of this.#columns.entries()) placed[column] = items[index];
    return placed;
  }
}

function* rowsOf(share: Share): Iterable<Row> {
  for (const owner of share.owners()) {
    const row = share.row(owner);
    if (row !== undefined) yield row;
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
    const read = same.flatMap(({ share, owner }) => share.row(owner) ?? []);
    const [first, ...others] = read;
    if (first !== undefined) yield others.length === 0 ? first : together(first, read, aggregation);
  }
}

function together({ owner }: Row, read: readonly Row[], aggregation: Aggregation): Row {
  const values = valuesTogether(
    read.map(({ values }) => values),
    aggregation,
  );
  const exemplars = read.flatMap(({ exemplars }) => (exemplars === undefined ? [] : [exemplars]));
  return exemplars.length === 0 ? { owner, values } : { owner, values, exemplars: newest(exemplars) };
}

/** The latest of each column: it is of one of the events that the sum counts. */
function newest(all: readonly Exemplars[]): Exemplars {
  const width = Math.max(...all.map(({ length }) => length));
  return Array.from({ length: width }, (_, column) =>
    all.reduce<Exemplar | undefined>((latest, row) => {
      const other = row[column];
      return latest === undefined || (other !== undefined && other.timestamp > latest.timestamp)
        ? other
        : latest;
    }, undefined),
  );
}

function valuesTogether(read: readonly Values[], aggregation: Aggregation): Values {
  const width = Math.max(...read.map(({ length }) => length));
  return Array.from({ length: width }, (_, column) => {
    const values = read.flatMap((row) => row[column] ?? []);
    return values.length === 0 ? undefined : aggregate(values, aggregation);
  });
}

function aggregate(values: readonly number[], aggregation: Aggregation): number {
  if (aggregation === 'min') return Math.min(...values);
  if (aggregation === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return aggregation === 'sum' ? sum : sum / values.length;
}
