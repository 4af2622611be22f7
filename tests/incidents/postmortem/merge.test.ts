import { describe, expect, it } from 'vitest';
import { lineHash as hashOf, withBase } from '../../../src/incidents/postmortem/merge/base.ts';
import { mergePostmortem } from '../../../src/incidents/postmortem/merge/merge.ts';
import { postmortem } from '../../../src/incidents/postmortem/postmortem.ts';
import { fc } from '../../fast-check.ts';
import { sampleIncident } from '../sample.ts';
import { at, outage } from './outage.ts';

const early = postmortem(outage({ actions: outage().actions.slice(0, 1), notes: [], status: 'resolved' }), {
  language: 'en',
});
const late = postmortem(outage(), { language: 'en' });

/** Lines without the last comment. */
function body(markdown: string): string[] {
  return markdown.slice(0, markdown.lastIndexOf('\n<!-- breakwater:')).split('\n');
}

describe('mergePostmortem', () => {
  it('gives the regenerated one where nobody wrote anything', () => {
    expect(mergePostmortem(early, late)).toEqual({ markdown: late, refreshed: true, kept: [] });
    expect(mergePostmortem('', late)).toEqual({ markdown: late, refreshed: true, kept: [] });
  });

  it('gives the existing one where nothing is new', () => {
    const edited = late
      .replace(/_to be written: [^_]*_ <!-- blank: lucky -->/, 'The cache was warm.\n\nIt was a Sunday.')
      .replace('## Thanks', '## Thanks to all')
      .replace('- [ ] carts emptied twice\n', '');
    expect(mergePostmortem(edited, late).markdown).toBe(edited);
  });

  it('keeps text, ticked boxes and removed lines, and adds what is newly known', () => {
    const ticked = '- [x] **detect** · Alert at 80 % of the disk · owner: Bob · due: 2026-02-12';
    const edited = early
      .replace(/- \[x\] \*\*detect\*\*[^\n]*/, ticked)
      .replace(/_to be written: [^_]*_ <!-- blank: summary -->/, 'The disk was full for an hour.')
      .replace('- MTTD runs', 'People read this differently.\n\n- MTTD runs')
      .replace(/- 2 notifications to pagerduty failed\.\n/, '');
    const { markdown, refreshed, kept } = mergePostmortem(edited, late);
    expect(refreshed).toBe(true);
    expect(kept).toEqual([]);
    expect(markdown).toContain(ticked);
    expect(markdown).not.toContain('checker: Carol');
    expect(markdown).toContain('The disk was full for an hour.');
    expect(markdown).not.toContain('blank: summary');
    expect(markdown).toContain('People read this differently.');
    expect(markdown).not.toContain('- 2 notifications to pagerduty failed.');
    // New in the regenerated one.
    expect(markdown).toContain('Read from the primary again');
    expect(markdown).toContain('| Status | closed |');
    expect(markdown).toContain('the primary is gone');
  });

  it('keeps what people wrote where the generated text changed too, and says so', () => {
    const row = '| 1 | Why: the logs filled the disk | the graph of the disk |';
    const before = postmortem(sampleIncident(), { language: 'en' }).replace(/\| 1 \| _to be written.*/, row);
    const after = postmortem(
      sampleIncident({
        learned: [{ at: at('15:00:00'), by: 'Bob', topic: 'why', text: 'No limit', evidence: 'x' }],
      }),
      { language: 'en' },
    );
    const { markdown, kept } = mergePostmortem(before, after);
    const line = markdown.split('\n').indexOf(row) + 1;
    expect(line).toBeGreaterThan(0);
    expect(markdown).not.toContain('No limit');
    expect(kept).toEqual([{ line, kept: row, offered: '| 1 | No limit (Bob) | x |' }]);
  });

  it('adds a generated lesson beside the one that people wrote', () => {
    const before = postmortem(sampleIncident(), { language: 'en' }).replace(
      /_to be written: [^_]*_ <!-- blank: lucky -->/,
      'It was a Sunday.',
    );
    const after = postmortem(
      sampleIncident({
        learned: [
          { at: at('15:00:00'), by: null, topic: 'lucky', text: 'The cache was warm', evidence: null },
        ],
      }),
      { language: 'en' },
    );
    const { markdown, kept } = mergePostmortem(before, after);
    expect(markdown).toContain('It was a Sunday.\n- The cache was warm');
    expect(kept).toEqual([]);
  });

  it('goes on from merge to merge', () => {
    const edited = early.replace(/_to be written: [^_]*_ <!-- blank: lucky -->/, 'It was a Sunday.');
    const once = mergePostmortem(edited, late).markdown;
    expect(mergePostmortem(once, late).markdown).toBe(once);
    const closed = postmortem(outage({ severity: 'Low' }), { language: 'en' });
    const twice = mergePostmortem(once, closed).markdown;
    expect(twice).toContain('It was a Sunday.');
    expect(twice).toContain('| Severity | Low:');
    expect(twice).not.toContain('| Severity | Critical:');
  });

  it.each([
    ['a line', 'The autovacuum was off.'],
    ['a line right behind it', 'The autovacuum was off.', ''],
    [
      'a section',
      '## Later\n\nThe autovacuum was off.\n\n- [ ] Switch it on · owner: Dan · due: 2026-03-01\n\n\n',
    ],
  ])('takes what people appended, such as %s, for their own', (_, text, gap = '\n') => {
    const { markdown, refreshed } = mergePostmortem(`${early}${gap}${text}`, late);
    expect(refreshed).toBe(true);
    expect(markdown).toContain('| Status | closed |');
    const own = body(markdown).join('\n').trimEnd();
    expect(own.endsWith(`\n\n${text.trimEnd()}`)).toBe(true);
    expect(markdown.endsWith('\n-->\n')).toBe(true);
    // And from then on.
    expect(mergePostmortem(markdown, late).markdown).toBe(markdown);
    expect(mergePostmortem(`${markdown}More.`, early).markdown).toContain('More.');
  });

  it('knows its own marks from those of a copy that stands below', () => {
    const { markdown } = mergePostmortem(`${early}\n${early}`, late);
    expect(markdown.split('<!-- breakwater:')).toHaveLength(2);
    expect(markdown).toContain('| Status | closed |');
    expect(mergePostmortem(markdown, late).markdown).toBe(markdown);
  });

  it('leaves a document alone that does not say what was generated', () => {
    const own = '# My own\n\nText.\n';
    expect(mergePostmortem(own, late)).toEqual({ markdown: own, refreshed: false, kept: [] });
    const cut = early.replace('<!-- breakwater:', '<!-- ');
    expect(mergePostmortem(cut, late)).toEqual({ markdown: cut, refreshed: false, kept: [] });
  });

  it('keeps Windows line endings and takes white space at the end of lines for no edit', () => {
    const windows = early.replaceAll('\n', '\r\n');
    expect(mergePostmortem(windows, late).markdown).toBe(late.replaceAll('\n', '\r\n'));
    const spaced = early.replace('## Impact', '## Impact  ');
    expect(mergePostmortem(spaced, late).markdown.replace('## Impact  ', '## Impact')).toBe(late);
  });

  const lines = fc.array(
    fc.constantFrom('', 'a', 'b', 'c', 'one long line', 'another longer line', '| 1 | x |', '| 1 | y |'),
    {
      maxLength: 14,
    },
  );

  it('never loses a line that people wrote, whatever was generated before and is now', () => {
    fc.assert(
      fc.property(lines, lines, lines, lines, (before, now, own, order) => {
        // What people left: some of the generated lines in order, and their own among them.
        const existing = before.flatMap((line, index) => [
          ...(order[index] === 'a' ? [`people ${index} ${own[index] ?? ''}`] : []),
          ...(order[index] === 'b' ? [] : [line]),
        ]);
        const document = withBase(existing).replace(
          /<!-- [\s\S]*/,
          withBase([], before.map(hashOf)).trimStart(),
        );
        const { markdown } = mergePostmortem(document, withBase(now));
        const merged = markdown.split('\n');
        for (const line of existing.filter((text) => text.startsWith('people'))) {
          expect(merged).toContain(line);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is the identity on either side, for any lines', () => {
    const trimmed = (texts: readonly string[]): string[] => {
      const rest = [...texts];
      while (rest.at(-1) === '') rest.pop();
      return rest;
    };
    fc.assert(
      fc.property(lines, lines, (before, now) => {
        const [a, b] = [
          ['# t', ...trimmed(before)],
          ['# t', ...trimmed(now)],
        ];
        expect(mergePostmortem(withBase(a), withBase(b)).markdown).toBe(withBase(b));
        expect(mergePostmortem(withBase(b, a.map(hashOf)), withBase(a)).markdown).toBe(
          withBase(b, a.map(hashOf)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('merges long documents quickly', () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => `| ${index} | row |`);
    const blank = Array.from({ length: 4_000 }, () => '');
    const started = performance.now();
    mergePostmortem(withBase([...blank, ...rows]), withBase([...rows, 'new', ...blank]));
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('has lines to tell apart', () => {
    expect(body(late).length).toBeGreaterThan(150);
  });
});
