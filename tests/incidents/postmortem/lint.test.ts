import { describe, expect, it } from 'vitest';
import { lintPostmortem } from '../../../src/incidents/postmortem/lint.ts';
import { postmortem } from '../../../src/incidents/postmortem/postmortem.ts';
import { sampleIncident } from '../sample.ts';
import { outage } from './outage.ts';
import { noPrevention, sensible } from './phrases.ts';

/** The document with every blank filled. */
function filled(markdown: string): string {
  return markdown
    .replace(/_(?:to be written|要記入): (?:the day|期日)[^_]*_ <!-- blank: [^>]* -->/g, '2026-03-01')
    .replace(/_(?:to be written|要記入): [^_]*_ <!-- blank: [^>]* -->/g, 'Dan');
}

const sound = filled(postmortem(outage(), { language: 'en' }));

/** A sound post-mortem with that text under the heading. */
function withText(heading: string, text: string): string {
  expect(sound).toContain(`## ${heading}\n`);
  return sound.replace(`## ${heading}\n`, `## ${heading}\n\n${text}\n`);
}

/** What is said of a passage on its own; the sections that are missing are not. */
function rulesOfPassage(text: string): string[] {
  return rulesOf(`## Contributing factors\n\n${text}\n`).filter((rule) => rule !== 'missing-section');
}

function rulesOf(markdown: string): string[] {
  return lintPostmortem(markdown).map(({ rule }) => rule);
}

describe('lintPostmortem: generated ones', () => {
  for (const language of ['en', 'ja'] as const) {
    for (const [name, incident] of [
      ['an empty incident', sampleIncident()],
      ['an outage', outage()],
    ] as const) {
      it(`finds exactly the blanks of ${name} in ${language}, and nothing once they are filled`, () => {
        const raw = postmortem(incident, { language });
        const blanks = raw.match(/<!-- blank: /g) ?? [];
        expect(blanks.length).toBeGreaterThan(5);
        expect(lintPostmortem(raw).map(({ rule }) => rule)).toEqual(blanks.map(() => 'blank'));
        const clean = filled(raw).replace(/\n### (Within a week|1週間以内)\n/, (heading) =>
          name === 'an outage'
            ? heading
            : `${heading}\n- [ ] Cap the pool · owner: Dan · due: 2026-03-01 · 担当: Dan · 期限: 2026-03-01\n`,
        );
        expect(lintPostmortem(clean)).toEqual([]);
      });
    }
  }

  it('says where a blank is, in the language of the document', () => {
    const raw = postmortem(sampleIncident(), { language: 'ja' });
    const line = raw.split('\n').findIndex((text) => text.includes('blank: lucky')) + 1;
    expect(lintPostmortem(raw)).toContainEqual({
      line,
      column: 1,
      rule: 'blank',
      message: '「lucky」が未記入です',
    });
  });
});

describe('lintPostmortem: what is no prevention', () => {
  it.each(noPrevention)('%s: %s', (rule, text) => {
    expect(rulesOfPassage(text)).toContain(rule);
  });

  it.each(sensible)('lets pass: %s', (text) => {
    expect(rulesOfPassage(text)).toEqual([]);
  });

  it('has tables of some size', () => {
    expect(noPrevention.length).toBeGreaterThanOrEqual(40);
    expect(sensible.length).toBeGreaterThanOrEqual(40);
  });

  it('judges actions, whys and the root cause, and says what to do instead', () => {
    for (const heading of ['Actions', '5 Whys', 'Root cause', 'Second-stage improvement plan']) {
      const findings = lintPostmortem(withText(heading, 'We were told why. Be more careful with locks.'));
      expect(findings.map(({ rule }) => rule)).toEqual(['relies-on-people']);
      expect(findings[0]?.message).toMatch(/a guard that refuses.*a check by machine.*a limit.*a test/);
    }
  });

  it.each(['Timeline', 'Symptoms', 'Dead ends', 'Decisions and what was known', 'Thanks'])(
    'does not judge what is only reported: %s',
    (heading) => {
      expect(lintPostmortem(withText(heading, 'Bob said he forgot to be careful.'))).toEqual([]);
    },
  );

  it.each([
    '```\nbe more careful\n```',
    '~~~~ text\nbe more careful\n~~~\nbe more careful\n~~~~',
    '> be more careful',
    'The step is called `be more careful` in the script.',
    '<!-- be more careful -->',
    '<!--\nbe more careful\n-->',
  ])('does not judge code, quotes and comments: %j', (text) => {
    expect(lintPostmortem(withText('Root cause', text))).toEqual([]);
  });

  it('judges what follows a code block', () => {
    expect(rulesOf(withText('Root cause', '```\ncode\n```\nBe more careful.'))).toEqual(['relies-on-people']);
  });

  it('gives the line and column, also where a sentence goes on in the next line', () => {
    const text = withText('Root cause', 'The pool was small, and we will be\nmore careful.');
    const lines = text.split('\n');
    const line = lines.findIndex((said) => said.startsWith('The pool was small')) + 1;
    expect(lintPostmortem(text)).toEqual([
      expect.objectContaining({ line, column: 33, rule: 'relies-on-people' }),
    ]);
    expect(lines[line - 1]?.slice(32)).toBe('be');
  });

  it('reads Windows line endings', () => {
    expect(lintPostmortem(sound.replaceAll('\n', '\r\n'))).toEqual([]);
  });

  it('stays fast on long and hostile lines', () => {
    const { user } = process.cpuUsage();
    for (const text of [
      'be '.repeat(6_000),
      '注意'.repeat(6_000),
      '`'.repeat(6_000),
      '"'.repeat(6_001),
      '| '.repeat(6_000),
      'tests remember to not operator error '.repeat(400),
      'review a carefully '.repeat(800),
    ]) {
      lintPostmortem(withText('Root cause', text));
    }
    expect((process.cpuUsage().user - user) / 1_000).toBeLessThan(5_000);
  });
});

describe('lintPostmortem: actions', () => {
  const week = (line: string): string[] => rulesOf(withText('Actions', line));

  it.each([
    ['- [ ] Cap the pool · owner: Dan · due: 2026-03-01', []],
    ['- [x] Cap the pool · owner: Dan · due: 2026-03-01', []],
    ['- [ ] Cap the pool (owner: Dan, due: 2026-03-01)', []],
    ['- [ ] 上限を設ける · 担当: 田中 · 期限: 2026-03-01', []],
    ['- [ ] 上限を設ける、担当：田中、期限：2026-03-01', []],
    ['- [ ] Cap the pool · due: 2026-03-01', ['action-without-owner']],
    ['- [ ] Cap the pool · owner: TBD · due: 2026-03-01', ['action-without-owner']],
    ['- [ ] 上限を設ける · 担当: 未定 · 期限: 2026-03-01', ['action-without-owner']],
    ['- [ ] Cap the pool · owner: everyone · due: 2026-03-01', ['action-without-owner']],
    ['- [ ] Cap the pool (owner: Everybody, due: 2026-03-01)', ['action-without-owner']],
    ['- [ ] 上限を設ける · 担当: 全員 · 期限: 2026-03-01', ['action-without-owner']],
    ['- [ ] Cap the pool · owner: pricing-team · due: 2026-03-01', []],
    ['1. [ ] Cap the pool · owner: Dan', ['action-without-date']],
    ['- [ ] Cap the pool · owner: Dan', ['action-without-date']],
    ['- [ ] Cap the pool · owner: Dan · due: soon', ['action-without-date']],
    ['- [ ] Cap the pool · owner: Dan · due: 2026-02-30', ['action-without-date']],
    ['- [ ] Cap the pool · owner: Dan · due: 2028-02-29', []],
    ['- [ ] Cap the pool', ['action-without-owner', 'action-without-date']],
    ['- [ ] Be more careful · owner: Dan · due: 2026-03-01', ['relies-on-people']],
  ])('%s', (line, rules) => {
    expect(week(line)).toEqual(rules);
  });

  it('misses actions where there are none and nothing is accepted', () => {
    const start = filled(postmortem(sampleIncident(), { language: 'en' }));
    expect(rulesOf(start)).toEqual(['no-action']);
    const refused = start.replace(
      '## Actions\n',
      '## Actions\n\nWe do not accept that it may happen again.\n',
    );
    expect(rulesOf(refused)).toEqual(['no-action']);
    const accepted = start.replace(
      '## Actions\n',
      '## Actions\n\nWe accept that it may happen again, because the cache covers it.\n',
    );
    expect(rulesOf(accepted)).toEqual([]);
  });

  it.each([
    ['We accept that it may happen again, because the cache covers an hour of it.', []],
    ['We accept this risk since the replica takes over.', []],
    ['再発を許容する。理由: キャッシュが1時間は応答できる。', []],
    ['費用が効果に見合わないため、再発を許容する。', []],
    ['We do not accept that it may happen again.', []],
    ["We don't simply accept this risk.", []],
    ['再発を許容しない。', []],
    ['再発は許容できない。', []],
    ['We accept that it may happen again.', ['accepted-without-reason']],
    ['We accept that it may happen again, because ...', ['accepted-without-reason']],
    ['The risk is accepted.', ['accepted-without-reason']],
    ['再発を許容する。', ['accepted-without-reason']],
    ['再発を許容する。理由: …', ['accepted-without-reason']],
  ])('%s', (text, rules) => {
    expect(rulesOf(withText('Actions', text))).toEqual(rules);
  });
});

describe('lintPostmortem: sections and markers', () => {
  it('names a section that is missing', () => {
    const text = filled(postmortem(outage(), { language: 'ja' })).replace('## 謝辞', '## おわりに');
    expect(lintPostmortem(text)).toEqual([
      expect.objectContaining({ line: 1, rule: 'missing-section', message: expect.stringContaining('謝辞') }),
    ]);
  });

  it('knows numbered and decorated headings', () => {
    const text = filled(postmortem(outage(), { language: 'en' }));
    expect(lintPostmortem(text.replace('## Thanks', '## 19. **Thanks** to all'))).toEqual([]);
  });

  it('finds a blank whose marker is gone, and a marker whose blank was filled', () => {
    const raw = postmortem(outage(), { language: 'en' });
    const count = lintPostmortem(raw).length;
    expect(lintPostmortem(raw.replace(' <!-- blank: lucky -->', ''))).toHaveLength(count);
    const marked = lintPostmortem(
      raw.replace(/_to be written: [^_]*_ (<!-- blank: lucky)/, 'The cache was warm. $1'),
    );
    expect(marked).toHaveLength(count);
    expect(marked.map(({ message }) => message)).toContainEqual(expect.stringContaining('remove it'));
  });

  it('takes a text that is none', () => {
    expect(new Set(rulesOf(''))).toEqual(new Set(['missing-section']));
  });
});
