import type { Exemplars } from './exemplars.ts';

/** Labels of a series. */
export type Labels = Readonly<Record<string, string | number>>;

/** One of the series that every owner in a family has. */
export interface Series {
  /** What tells it from the owner's other series, as `{ outcome }`. */
  readonly labels: Labels;
  /** What follows the family's name, as `_bucket`. */
  readonly suffix?: string | undefined;
}

/** One value for each series, in their order; `undefined` for a series that has no sample now. */
export type Values = readonly (number | undefined)[];

/** Whose samples they are: a policy, for most families. */
export interface Owner {
  /** As `{ policy }`: the same object at every scrape, so that it is formatted once. */
  readonly labels: Labels;
  /** Reads all its values at one moment, so that those of a histogram agree. */
  values(): Values;
  /** The exemplars of those values, asked for right after them. Default: there are none. */
  exemplars?(): Exemplars | undefined;
}

/** One hub's samples in a family. */
export interface FamilyMember {
  readonly series: readonly Series[];
  /**
   * Who has samples now, each once. Called at each scrape, and gone through over several turns of the event loop:
   * it stays what it was when it was called, whoever comes and goes meanwhile.
   */
  owners(): Iterable<Owner>;
  /** Is told what reading threw; all other samples are exposed all the same. */
  failed(error: unknown): void;
}

/** How samples of equal labels, from several hubs or several workers of a cluster, become one. */
export type Aggregation = 'sum' | 'min' | 'max' | 'average';

/** What a metric family is. */
export interface FamilyDefinition {
  /** The whole name, prefix included. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Names of the owners' labels, then of the series'. */
  readonly labelNames: readonly string[];
  readonly aggregation: Aggregation;
  /** Upper bounds of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[] | undefined;
}

/** A family's definition, and one hub's share in it. */
export interface FamilyShare {
  readonly definition: FamilyDefinition;
  readonly series: readonly Series[];
  readonly owners: () => Iterable<Owner>;
}

/** All samples of one owner. */
export interface Row {
  readonly owner: Labels;
  readonly values: Values;
  readonly exemplars?: Exemplars | undefined;
}

/** All samples of a family. */
export interface FamilyReading {
  readonly series: readonly Series[];
  /**
   * A row for each owner, read when it is its turn, so that whoever takes them may pause in between; what comes and
   * goes meanwhile does no harm. To be taken once.
   */
  readonly rows: Iterable<Row>;
}

/** Under what a registered metric of this library carries its `SharedFamily`, whichever copy of the package made it. */
export const FAMILY = Symbol.for('breakwater.metric-family');

/** A family in a registry, as hubs of any copy of this package see it. Its shape changes only with its version. */
export interface SharedFamily {
  readonly version: 2;
  /** Equal for families that can be one. */
  readonly signature: string;
  readonly definition: FamilyDefinition;
  /** Adds a hub's samples and gives the function that takes them away. The last to leave takes the family away. */
  join(member: FamilyMember): () => void;
  /** The samples of all hubs, those of equal labels put together. */
  read(): FamilyReading;
}

/** What tells whether two definitions are of the same family. */
export function signatureOf({ type, labelNames, buckets = [] }: FamilyDefinition): string {
  return [type, ...labelNames, ...buckets].join(' ');
}

/** The family that `metric` belongs to, if it is this library's. */
export function sharedFamilyOf(metric: unknown): SharedFamily | undefined {
  if (typeof metric !== 'object' || metric === null || !(FAMILY in metric)) return undefined;
  const family: unknown = metric[FAMILY];
  return isSharedFamily(family) ? family : undefined;
}

function isSharedFamily(family: unknown): family is SharedFamily {
  return (
    typeof family === 'object' &&
    family !== null &&
    'version' in family &&
    family.version === 2 &&
    'signature' in family &&
    'definition' in family &&
    'join' in family &&
    typeof family.join === 'function' &&
    'read' in family &&
    typeof family.read === 'function'
  );
}
