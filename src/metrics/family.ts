/** Labels of a series. */
export type Labels = Readonly<Record<string, string | number>>;

/**
 * Takes one sample. Labels come in two parts, which the owner and the series have in common with others, so that
 * neither is built anew for each sample.
 *
 * @param owner whose it is, as `{ policy }`
 * @param series which of the owner's, as `{ outcome }`; the same object at every scrape
 * @param suffix what follows the family's name, as `_bucket`
 */
export type Emit = (value: number, owner: Labels, series: Labels, suffix?: string) => void;

/** One hub's share in a family. */
export interface FamilyMember {
  /** Hands all its samples to `emit`. Called at each scrape. */
  read(emit: Emit): void;
  /** Is told what `read` threw; the others' samples are exposed all the same. */
  failed(error: unknown): void;
}

/** How samples of equal labels, from several hubs or several workers of a cluster, become one. */
export type Aggregation = 'sum' | 'max' | 'average';

/** What a metric family is. */
export interface FamilyDefinition {
  /** The whole name, prefix included. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly aggregation: Aggregation;
  /** Upper bounds of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[] | undefined;
}

/** A family's definition, and one hub's share in it. */
export interface FamilyShare {
  readonly definition: FamilyDefinition;
  readonly read: (emit: Emit) => void;
}

/** Under what a registered metric of this library carries its `SharedFamily`, whichever copy of the package made it. */
export const FAMILY = Symbol.for('breakwater.metric-family');

/** A family in a registry, as hubs of any copy of this package see it. Its shape changes only with its version. */
export interface SharedFamily {
  readonly version: 1;
  /** Equal for families that can be one. */
  readonly signature: string;
  /** Adds a hub's samples and gives the function that takes them away. The last to leave takes the family away. */
  join(member: FamilyMember): () => void;
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
    family.version === 1 &&
    'signature' in family &&
    'join' in family &&
    typeof family.join === 'function'
  );
}
