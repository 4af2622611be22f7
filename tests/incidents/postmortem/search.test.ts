import { describe, expect, it } from 'vitest';
import { postmortem } from '../../../src/incidents/postmortem/postmortem.ts';
import { search } from '../../../src/incidents/postmortem/search.ts';
import { sampleIncident } from '../sample.ts';
import { at, outage } from './outage.ts';

const now = Date.parse('2026-03-01T00:00:00.000Z');
const disk = outage({ id: 'INC-A', summary: 'The disk of the primary was full' });
const lock = sampleIncident({
  id: 'INC-B',
  policy: 'search',
  severity: 'Low',
  summary: 'Lock timeout in the index',
  startedAt: '2026-01-10T00:00:00.000Z',
  notes: [
    { id: 'n-1', at: at('10:00:00'), by: null, text: 'データベース接続プールが枯渇した', deadEnd: false },
    { id: 'n-2', at: at('10:01:00'), by: null, text: 'the disk was fine', deadEnd: true },
  ],
});
const drill = sampleIncident({
  id: 'INC-C',
  drill: true,
  summary: 'A drill of the failover',
  status: 'closed',
});
const incidents = [lock, drill, disk];

function ids(query: string): string[] {
  return search(incidents, query, {}, now).map(({ incident }) => incident);
}

describe('search', () => {
  it('wants every word, in any case, as parts of words, and puts the nearest first', () => {
    expect(ids('DISK')).toEqual(['INC-A', 'INC-B']);
    expect(ids('disk full')).toEqual(['INC-A']);
    expect(ids('disk nothing-like-it')).toEqual([]);
    expect(ids('time')).toContain('INC-B');
  });

  it('takes a quoted phrase as it is, and leaves out what has an unwanted word', () => {
    expect(ids('"lock timeout"')).toEqual(['INC-B']);
    expect(ids('"timeout lock"')).toEqual([]);
    expect(ids('disk -index')).toEqual(['INC-A']);
    expect(ids('disk -"the disk was fine"')).toEqual(['INC-A']);
    expect(ids('"the disk was')).toEqual(['INC-A', 'INC-B']);
  });

  it('finds Japanese without spaces, and full-width letters', () => {
    expect(ids('接続プール')).toEqual(['INC-B']);
    expect(ids('データベース 枯渇')).toEqual(['INC-B']);
    expect(ids('ＬＯＣＫ')).toEqual(['INC-B']);
  });

  it.each([
    ['policy:search', ['INC-B']],
    ['policy:Search disk', ['INC-B']],
    ['severity:critical', ['INC-A']],
    ['severity:critical,low', ['INC-A', 'INC-B']],
    ['status:closed', ['INC-A', 'INC-C']],
    ['drill:yes', ['INC-C']],
    ['drill:no disk', ['INC-A', 'INC-B']],
    ['since:2026-02-01 drill:no', ['INC-A']],
    ['since:4w drill:no', ['INC-A']],
    ['since:90d until:2026-02-01', ['INC-B']],
  ])('filters: %s', (query, found) => {
    expect(ids(query).sort()).toEqual(found);
  });

  it('takes a word with a colon that is no filter for a word', () => {
    expect(ids('nothing:like')).toEqual([]);
    expect(ids('constructor:x')).toEqual([]);
  });

  it('says everything that is wrong with the filters', () => {
    expect(() => ids('severity:hihg since:soon status:open2')).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        problems: [
          { path: 'severity', message: expect.stringContaining("did you mean 'High'?") },
          { path: 'status', message: expect.stringContaining('resolved') },
          { path: 'since', message: expect.stringContaining('30d') },
        ],
      }),
    );
  });

  it('shows where it was found, in a snippet of bounded length', () => {
    const long = sampleIncident({
      notes: [
        {
          id: 'n-1',
          at: at('10:00:00'),
          by: null,
          text: `${'🦀'.repeat(200)} needle ${'b'.repeat(900)}`,
          deadEnd: false,
        },
      ],
    });
    const [hit] = search([long], 'needle', {}, now);
    expect(hit?.where).toBe('notes');
    expect(hit?.snippet).toContain('needle');
    expect(hit?.snippet.length).toBeLessThanOrEqual(160);
    expect(hit?.snippet).not.toMatch(/\p{Surrogate}/u);
    expect(search(incidents, '', {}, now)[0]).toMatchObject({ where: '', snippet: expect.any(String) });
  });

  it('searches what people wrote in post-mortems, not the marks at their end', () => {
    const text = postmortem(disk, { language: 'en' }).replace('## Thanks', '## Thanks\n\nIt was a Sunday.');
    const postmortems = new Map([['INC-A', text]]);
    expect(search(incidents, 'sunday', { postmortems }, now)).toMatchObject([
      { incident: 'INC-A', where: 'postmortem' },
    ]);
    expect(search(incidents, '"were generated"', { postmortems }, now)).toEqual([]);
  });

  it('gives at most so many hits, the latest of equally good ones first', () => {
    const many = Array.from({ length: 80 }, (_, index) =>
      sampleIncident({ id: `INC-${index}`, startedAt: new Date(now + index).toISOString() }),
    );
    const hits = search(many, 'circuit', { limit: 10 }, now);
    expect(hits.map(({ incident }) => incident)).toEqual(
      Array.from({ length: 10 }, (_, index) => `INC-${79 - index}`),
    );
    expect(search(many, 'circuit', {}, now)).toHaveLength(50);
  });

  it('takes a query of any length', () => {
    expect(ids('zq '.repeat(50_000))).toEqual([]);
    expect(ids(`"${'"'.repeat(10_000)}`).length).toBe(3);
  });
});
