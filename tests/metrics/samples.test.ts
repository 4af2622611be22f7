import { describe, expect, test, vi } from 'vitest';
import type { Exemplar, Exemplars } from '../../src/metrics/exemplars.ts';
import type {
  Aggregation,
  FamilyDefinition,
  FamilyMember,
  Labels,
  Values,
} from '../../src/metrics/family.ts';
import { FamilySamples } from '../../src/metrics/samples.ts';

function family(aggregation: Aggregation = 'sum', onEmpty = () => {}): FamilySamples {
  const definition: FamilyDefinition = {
    name: 'ships',
    type: 'gauge',
    help: 'Ships.',
    labelNames: ['port', 'kind'],
    aggregation,
  };
  return new FamilySamples(definition, onEmpty);
}

/** A member with the series of these kinds, and the values of each port, or what reading them throws. */
function member(kinds: readonly string[], ports: Readonly<Record<string, Values | Error>>): FamilyMember {
  return {
    series: kinds.map((kind) => ({ labels: { kind } })),
    owners: () =>
      Object.entries(ports).map(([port, values]) => ({
        labels: { port },
        values: () => {
          if (values instanceof Error) throw values;
          return values;
        },
      })),
    failed: vi.fn(),
  };
}

/** Every sample as `port kind`, with its value. */
function samplesOf(samples: FamilySamples): readonly (readonly [string, number])[] {
  const { series, rows } = samples.read();
  return [...rows].flatMap(({ owner, values }) =>
    series.flatMap(({ labels }, at): [string, number][] => {
      const value = values[at];
      return value === undefined ? [] : [[`${owner.port} ${labels.kind}`, value]];
    }),
  );
}

describe('one member', () => {
  test('has its samples as they are, and none where there is no value', () => {
    const samples = family();
    samples.join(member(['sail', 'steam'], { north: [1, 2], south: [undefined, 4], west: [] }));
    expect(samplesOf(samples)).toEqual([
      ['north sail', 1],
      ['north steam', 2],
      ['south steam', 4],
    ]);
  });

  test('is told of an owner that cannot be read, and the others are there', () => {
    const samples = family();
    const broken = new Error('fog');
    const only = member(['sail'], { north: [1], fog: broken, south: [3] });
    samples.join(only);
    expect(samplesOf(samples)).toEqual([
      ['north sail', 1],
      ['south sail', 3],
    ]);
    expect(only.failed).toHaveBeenCalledExactlyOnceWith(broken);
  });

  test('is told when its owners cannot be listed', () => {
    const samples = family();
    const broken = new Error('fog');
    const failed = vi.fn();
    const owners = () => {
      throw broken;
    };
    samples.join({ series: [{ labels: {} }], owners, failed });
    expect(samplesOf(samples)).toEqual([]);
    expect(failed).toHaveBeenCalledExactlyOnceWith(broken);
  });
});

describe('several members', () => {
  test.each([
    ['sum', 12],
    ['min', 3],
    ['max', 9],
    ['average', 6],
  ] as const)('of an equal owner become one by %s', (aggregation, together) => {
    const samples = family(aggregation);
    samples.join(member(['sail'], { north: [3], south: [5] }));
    samples.join(member(['sail'], { north: [9], west: [7] }));
    expect(samplesOf(samples)).toEqual([
      ['north sail', together],
      ['south sail', 5],
      ['west sail', 7],
    ]);
  });

  test('are averaged over those that have a value', () => {
    const samples = family('average');
    samples.join(member(['sail', 'steam'], { north: [4, undefined] }));
    samples.join(member(['sail', 'steam'], { north: [undefined, undefined] }));
    samples.join(member(['sail', 'steam'], { north: [8, undefined] }));
    expect(samplesOf(samples)).toEqual([['north sail', 6]]);
  });

  test('may know different series, in any order', () => {
    const samples = family();
    samples.join(member(['sail', 'steam'], { north: [1, 2] }));
    samples.join(member(['motor', 'sail'], { north: [10, 20], south: [30, 40] }));
    expect(samplesOf(samples)).toEqual([
      ['north sail', 21],
      ['north steam', 2],
      ['north motor', 10],
      ['south sail', 40],
      ['south motor', 30],
    ]);
  });

  test('are each told what they threw, and the rest of an owner is there', () => {
    const samples = family();
    const broken = new Error('fog');
    const one = member(['sail'], { north: broken, south: broken });
    const two = member(['sail'], { north: [2] });
    samples.join(one);
    samples.join(two);
    expect(samplesOf(samples)).toEqual([['north sail', 2]]);
    expect(one.failed).toHaveBeenCalledTimes(2);
    expect(two.failed).not.toHaveBeenCalled();
  });

  test.each([
    [{ port: 'a"b' }, { port: 'a\\"b' }],
    [{ port: 'a\nb' }, { port: 'a\\nb' }],
    [{ port: 'a', kind: 'b' }, { port: 'a",kind="b' }],
    [
      { port: 'a,b', kind: 'c' },
      { port: 'a', kind: 'b,c' },
    ],
  ])('do not take %j for %j', (one: Labels, two: Labels) => {
    const samples = family();
    for (const labels of [one, two]) {
      const owners = () => [{ labels, values: () => [1] }];
      samples.join({ series: [{ labels: {} }], owners, failed: vi.fn() });
    }
    expect([...samples.read().rows]).toHaveLength(2);
  });
});

describe('a reading', () => {
  test('reads each owner when it is its turn', () => {
    const samples = family();
    const counts = { north: 1, south: 1 };
    const owners = () =>
      (['north', 'south'] as const).map((port) => ({ labels: { port }, values: () => [counts[port]] }));
    samples.join({ series: [{ labels: {} }], owners, failed: vi.fn() });
    const seen: unknown[] = [];
    for (const { owner, values } of samples.read().rows) {
      seen.push([owner.port, ...values]);
      counts.north += 10;
      counts.south += 10;
    }
    expect(seen).toEqual([
      ['north', 1],
      ['south', 11],
    ]);
  });

  test('that has begun is not affected by who joins and leaves', () => {
    const onEmpty = vi.fn();
    const samples = family('sum', onEmpty);
    const leave = samples.join(member(['sail', 'steam'], { north: [1, 2] }));
    const { series, rows } = samples.read();
    samples.join(member(['motor', 'sail'], { south: [3, 4] }));
    leave();
    expect(series.map(({ labels }) => labels.kind)).toEqual(['sail', 'steam']);
    expect([...rows]).toEqual([{ owner: { port: 'north' }, values: [1, 2] }]);
    expect(samplesOf(samples)).toEqual([
      ['south motor', 3],
      ['south sail', 4],
    ]);
    expect(onEmpty).not.toHaveBeenCalled();
  });

  test('of nobody is empty', () => {
    const onEmpty = vi.fn();
    const samples = family('sum', onEmpty);
    const leave = samples.join(member(['sail'], { north: [1] }));
    leave();
    leave();
    expect(samplesOf(samples)).toEqual([]);
    expect(onEmpty).toHaveBeenCalledOnce();
  });
});

describe('exemplars', () => {
  const exemplar = (id: string, timestamp: number): Exemplar => ({
    labelSet: { trace_id: id },
    value: 1,
    timestamp,
  });

  function withExemplars(kinds: readonly string[], exemplars: Exemplars | undefined): FamilyMember {
    const series = kinds.map((kind) => ({ labels: { kind } }));
    const owner = { labels: { port: 'north' }, values: () => kinds.map(() => 1), exemplars: () => exemplars };
    return { series, owners: () => [owner], failed: vi.fn() };
  }

  function tracesOf(samples: FamilySamples): unknown {
    const { series, rows } = samples.read();
    return [...rows].map(({ exemplars }) =>
      exemplars?.map((found, at) => `${series[at]?.labels.kind} ${found?.labelSet.trace_id}`),
    );
  }

  test('go where their values go, also where members list their series otherwise', () => {
    const samples = family();
    samples.join(withExemplars(['sail', 'steam'], [exemplar('a', 1), undefined]));
    samples.join(withExemplars(['steam', 'oars', 'sail'], [exemplar('b', 2), exemplar('c', 3), undefined]));
    expect(tracesOf(samples)).toEqual([['sail a', 'steam b', 'oars c']]);
  });

  test('of equal series are the newest', () => {
    const samples = family();
    samples.join(withExemplars(['sail'], [exemplar('old', 1)]));
    samples.join(withExemplars(['sail'], [exemplar('new', 3)]));
    samples.join(withExemplars(['sail'], [exemplar('older', 2)]));
    samples.join(withExemplars(['sail'], undefined));
    expect(tracesOf(samples)).toEqual([['sail new']]);
  });

  test('are not there where no member has some', () => {
    const samples = family();
    samples.join(withExemplars(['sail'], undefined));
    samples.join(member(['sail'], { north: [1] }));
    expect(tracesOf(samples)).toEqual([undefined]);
  });
});
