import { fc } from '../../fast-check.ts';

/*
 * Queries that mostly hold to PromQL's grammar and types, with slips that are rare enough to stand alone; and the same
 * queries with characters lost, put in and swapped.
 */

type Text = fc.Arbitrary<string>;

const words = (text: string) => text.split(' ');
const oneOf = (text: string): Text => fc.constantFrom(...words(text));
const joined = (...parts: readonly (Text | string)[]): Text =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.join(''));
/** One time in fifty a slip. */
const mostly = (right: Text, slip: Text): Text =>
  fc.oneof({ weight: 49, arbitrary: right }, { weight: 1, arbitrary: slip });
const listOf = (item: Text, between: string, maxLength = 3): Text =>
  fc.array(item, { maxLength }).map((items) => items.join(between));

const space: Text = fc.constantFrom('', '', '', ' ', '\n', '\t', ' # note\n');
const range = mostly(
  fc.constantFrom('{{.window}}', '{{.window}}', '{{.window}}', '{{ .window }}', '5m', '1h30m', '1d2h3m4s5ms'),
  fc.constantFrom(
    '0s',
    '5',
    '1m1h',
    '400y',
    '5m + 5m',
    '1{{.window}}',
    '{{.window}}5s',
    '"{{.window}}"',
    '5M',
  ),
);
const label = mostly(oneOf('job code le _x instance'), oneOf('on by inf bool start sum a:b "a" __name__ 1a'));
const metric = mostly(
  oneOf('requests_total up job:errors:rate5m fill abs limitk smoothed'),
  oneOf('sum on offset atan2 start inf by 1a é group_left and'),
);

const pattern = mostly(
  oneOf('5.. .+ .+ (4|5)[0-9]{2} (?i)get [^a-z]+ \\\\d+ (?P<n>a) \\\\pL [[:alpha:]] a{2,}? (?s).+'),
  fc.oneof(
    oneOf('( (?=a) a** \\\\8 [b-a] (?<n>a) \\\\p{Kawi} a{1001} )( x*+ \\\\C .* a| \\\\Z (?x)a'),
    listOf(oneOf('a . * + ? ( ) [ ] | ^ {2} \\\\w - : (?: \\\\b $'), '', 6),
  ),
);
const literal = mostly(
  fc.constantFrom('"a"', "'b'", '`c`', '"\\x41\\101\\u0062"', "'\\'\"'", '`a\\b`', '"ü"', '"\\t"'),
  fc.constantFrom(
    '"\\q"',
    '"\\xff"',
    '"\\ud800"',
    '"a',
    "'\\\"'",
    '"\\U00110000"',
    '"a\nb"',
    '"\\"',
    '"{{.window}}"',
  ),
);
const matcher = mostly(
  fc.oneof(joined(label, oneOf('= !='), literal), joined(label, oneOf('=~ !~'), '"', pattern, '"')),
  fc.constantFrom('"a"="b"', 'a==b', 'a', '"quoted"', '', 'a=b', 'a = "" # note'),
);
const braces = fc.oneof(
  joined('{', listOf(matcher, ', '), '}'),
  joined('{code!="",', matcher, ',}'),
  joined('{job="a" , ', matcher, '}'),
);
const selector = fc.oneof(
  metric,
  joined(metric, space, braces),
  joined('{job!="",', matcher, '}'),
  mostly(metric, braces),
);
const modifier = mostly(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    joined(' offset ', range),
    joined(' offset -', range),
    fc.constantFrom(' @ 1609746000', ' @ start()', ' @ end()', ' @ -1.5'),
  ),
  fc.constantFrom(
    ' @ inf',
    ' @ time()',
    ' @ 1e30',
    ' offset 5',
    ' offset +5m',
    ' offset 1m offset 1m',
    ' smoothed',
  ),
);
const number = mostly(
  oneOf('0 1 0.99 1e3 .5 Inf nan 0x1F -1 010 09 1e-3 +2'),
  oneOf('5. 1e999 1_000 5m 0xg 1..2 0x8000000000000000 1e 5a {{.window}}'),
);
const labels = joined('(', listOf(label, ', '), ')');

const arithmetic = oneOf('+ - * / % ^ atan2');
const comparison = oneOf('== != > < >= <=');
const matching = fc.oneof(
  fc.constant(''),
  joined(oneOf('on ignoring ON'), labels, ' '),
  joined(
    'on(job) ',
    oneOf('group_left group_right() GROUP_LEFT(code)'),
    ' ',
    oneOf('on ignoring').map(() => ''),
  ),
  joined(
    'ignoring',
    labels,
    ' ',
    mostly(oneOf('group_left(le) group_right()'), oneOf('group_left group_left(job')),
  ),
);
const operator = mostly(
  fc.oneof(
    joined(fc.oneof(arithmetic, comparison), ' ', matching),
    joined(comparison, ' bool ', matching),
    joined(oneOf('and or unless OR'), ' ', fc.oneof(fc.constant(''), joined(oneOf('on ignoring'), labels))),
  ),
  joined(
    oneOf('+ and == </ || ='),
    ' ',
    fc.constantFrom(
      'bool',
      'on(job) group_left(job)',
      'on() fill(0)',
      'group_left',
      'by (job)',
      'bool on(code)',
    ),
  ),
);

const parts = fc.letrec<Record<'scalar' | 'matrix' | 'vector' | 'v' | 's' | 'm' | 'any', string>>((tie) => {
  const [v, s, m, any] = [tie('v'), tie('s'), tie('m'), tie('any')];
  return {
    any: fc.oneof(tie('vector'), tie('scalar'), tie('matrix'), literal),
    v: mostly(tie('vector'), any),
    s: mostly(tie('scalar'), any),
    m: mostly(tie('matrix'), any),
    scalar: fc.oneof(
      { depthSize: 'small' },
      { weight: 3, arbitrary: number },
      oneOf('time() pi()'),
      joined('scalar(', v, ')'),
      joined('(', s, ' ', mostly(oneOf('+ / ^ % -'), oneOf('> and')), ' ', s, ')'),
      joined(s, ' > bool ', s),
    ),
    matrix: fc.oneof(
      { depthSize: 'small' },
      { weight: 3, arbitrary: joined(selector, space, '[', space, range, ']', modifier) },
      joined('(', v, ')[', range, ':', fc.constantFrom('', '1m', ' 30s ', '{{.window}}'), ']', modifier),
      joined(selector, mostly(fc.constant(''), modifier), '[', range, ':]'),
    ),
    vector: fc.oneof(
      { depthSize: 'small' },
      {
        weight: 4,
        arbitrary: joined(
          mostly(
            oneOf('rate increase irate sum_over_time last_over_time changes absent_over_time delta'),
            oneOf('mad_over_time Rate holt_winters nothing abs first_over_time'),
          ),
          space,
          '(',
          m,
          ')',
        ),
      },
      joined(selector, modifier),
      joined(
        mostly(oneOf('sum avg count max SUM group min stddev'), oneOf('limitk topk quantile')),
        fc.oneof(
          joined('(', v, ')', fc.oneof(fc.constant(''), joined(oneOf('by without'), labels))),
          joined(' ', oneOf('by without BY'), ' ', labels, '(', v, ')'),
        ),
      ),
      { weight: 3, arbitrary: joined(v, space, ' ', operator, space, ' ', v) },
      joined(v, ' ', arithmetic, ' ', s),
      joined(s, ' ', comparison, ' ', v),
      joined('(', v, ')'),
      joined(fc.constantFrom('-', '+', '- -'), v),
      joined(
        mostly(
          oneOf('abs ceil sgn sort absent timestamp hour histogram_count ln'),
          oneOf('sort_by_label info'),
        ),
        '(',
        v,
        ')',
      ),
      joined(oneOf('hour month hour round'), '(', mostly(v, fc.constant('')), ')'),
      joined('vector(', s, ')'),
      joined(oneOf('topk quantile histogram_quantile bottomk'), '(', s, ', ', v, ')'),
      joined('count_values(', mostly(fc.constantFrom('"a"', "'b'", '("le")'), literal), ', ', v, ')'),
      joined('label_replace(', v, ', "a", "$1", "job", "', pattern, '")'),
      joined(
        'label_join(',
        v,
        ', "a", ',
        literal,
        ', ',
        mostly(fc.constant('"le"'), listOf(literal, ', ')),
        ')',
      ),
      joined(
        oneOf('clamp_min clamp_max round'),
        '(',
        v,
        ', ',
        s,
        mostly(fc.constant(''), fc.constant(', 1')),
        ')',
      ),
      joined('quantile_over_time(', s, ', ', m, ')'),
      joined('predict_linear(', m, ',', s, ')'),
    ),
  };
});

/** A query that mostly holds to the grammar and to the types. */
export const query: Text = parts.v;

const insertion = fc.constantFrom(
  '',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  '\\',
  '#',
  ':',
  '.',
  '0',
  'e',
  'm',
  ' ',
  '@',
  '-',
);
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  lost: fc.nat({ max: 2 }),
  put: fc.oneof(
    { weight: 6, arbitrary: insertion },
    fc.constantFrom('{{.window}}', 'é', '\n', '\u00a0', '\u0000'),
  ),
});

/** A query with up to three characters changed, lost or put in. */
export const mutatedQuery: Text = fc
  .tuple(query, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([text, changes]) =>
    changes.reduce((changed, { at, lost, put }) => {
      const index = Math.floor(at * changed.length);
      return changed.slice(0, index) + put + changed.slice(index + lost);
    }, text),
  );
