/** The types of PromQL's expressions. */
export type ValueType = 'scalar' | 'instant vector' | 'range vector' | 'string';

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly parameters: readonly ValueType[];
  /** How many of the last parameters may be left out. */
  readonly optional: number;
  /** Whether the last parameter may be given again and again. */
  readonly repeats: boolean;
  readonly result: ValueType;
}

function signature(
  parameters: readonly ValueType[],
  { optional = 0, repeats = false, result = 'instant vector' as ValueType } = {},
): FunctionSignature {
  return { parameters, optional, repeats, result };
}

const ofVector = signature(['instant vector']);
const ofRange = signature(['range vector']);
const ofTime = signature(['instant vector'], { optional: 1 });
const constant = signature([], { result: 'scalar' });

const named = (names: string, shape: FunctionSignature) =>
  names.split(' ').map((name) => [name, shape] as const);

/**
 * The functions of Prometheus 2.42, without `holt_winters`, which Prometheus 3 knows by another name and as an
 * experiment only.
 */
export const functions: ReadonlyMap<string, FunctionSignature> = new Map([
  ...named('abs absent ceil exp floor ln log10 log2 sgn sort sort_desc sqrt timestamp deg rad', ofVector),
  ...named('acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh', ofVector),
  ...named('histogram_count histogram_sum', ofVector),
  ...named('absent_over_time avg_over_time count_over_time last_over_time max_over_time', ofRange),
  ...named('min_over_time present_over_time stddev_over_time stdvar_over_time sum_over_time', ofRange),
  ...named('changes delta deriv idelta increase irate rate resets', ofRange),
  ...named('day_of_month day_of_week day_of_year days_in_month hour minute month year', ofTime),
  ...named('pi time', constant),
  ['clamp', signature(['instant vector', 'scalar', 'scalar'])],
  ...named('clamp_max clamp_min', signature(['instant vector', 'scalar'])),
  ['histogram_fraction', signature(['scalar', 'scalar', 'instant vector'])],
  ['histogram_quantile', signature(['scalar', 'instant vector'])],
  ['label_replace', signature(['instant vector', 'string', 'string', 'string', 'string'])],
  ['label_join', signature(['instant vector', 'string', 'string', 'string'], { optional: 1, repeats: true })],
  ['predict_linear', signature(['range vector', 'scalar'])],
  ['quantile_over_time', signature(['scalar', 'range vector'])],
  ['round', signature(['instant vector', 'scalar'], { optional: 1 })],
  ['scalar', signature(['instant vector'], { result: 'scalar' })],
  ['vector', signature(['scalar'])],
]);

/** The aggregations of Prometheus 2.42, each with the type of its parameter where it has one. */
export const aggregations: ReadonlyMap<string, ValueType | undefined> = new Map([
  ...['avg', 'count', 'group', 'max', 'min', 'stddev', 'stdvar', 'sum'].map(
    (name) => [name, undefined] as const,
  ),
  ...['bottomk', 'quantile', 'topk'].map((name) => [name, 'scalar'] as const),
  ['count_values', 'string'] as const,
]);

/** Words of PromQL that are no names of metrics, unless written as a matcher of `__name__`. In lower case. */
export const keywords: ReadonlySet<string> = new Set([
  ...aggregations.keys(),
  ...[
    'and',
    'or',
    'unless',
    'atan2',
    'offset',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'group_right',
  ],
  ...['bool', 'start', 'end', 'inf', 'nan'],
]);
