import { describe, expect, it } from 'vitest';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { escapeMarkdown } from '../../../src/incidents/postmortem/markdown.ts';
import { postmortem } from '../../../src/incidents/postmortem/postmortem.ts';
import { fc } from '../../fast-check.ts';
import { sampleIncident } from '../sample.ts';
import { at, outage } from './outage.ts';
import { blockText, rendered } from './render.ts';

/** The body of a section of the English or Japanese post-mortem. */
function section(markdown: string, heading: string): string {
  const parts = markdown.split(/^## /m);
  const found = parts.find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`there is no section ${heading}`);
  return found.slice(heading.length).trim();
}

const english = (incident: IncidentJson): string => postmortem(incident, { language: 'en' });
const japanese = (incident: IncidentJson): string => postmortem(incident, { language: 'ja' });

describe('postmortem: facts', () => {
  const text = english(outage());

  it('has the basic facts, severity history included', () => {
    const facts = section(text, 'Basic facts');
    for (const row of [
      '| Incident | INC-20260204-001-9f3a01bc |',
      "| Severity | Critical: 'database' is of high criticality and has no fallback. |",
      '| Start (first failure) | 2026-02-04 09:59:30 UTC |',
      '| End (resolved) | 2026-02-04 10:52:30 UTC |',
      '| Duration | 53 minutes |',
      '| Scope | checkout in eu-west-1 |',
      '| War room | https\\://meet.example/war-room |',
      '| Roles | commander: Alice, investigator: Bob, Carol |',
      '- 2026-02-04 10:10:00 UTC: High to Critical: it lasts ten minutes',
    ]) {
      expect(facts).toContain(row);
    }
    expect(facts).not.toContain('Drill');
  });

  it('has every number of the impact', () => {
    const impact = section(text, 'Impact');
    for (const row of [
      '| Calls | 12,345 | - |',
      '| Failed | 1,200 | 9.72 % |',
      '| Timed out | 300 | 2.43 % |',
      '| Rejected | 4,000 | 32.4 % |',
      '| Retries | 2,500 | - |',
      '| Served stale from the cache | 5,000 | 40.5 % |',
      '| Served by a fallback | 0 | 0 % |',
      '| p50 | 12.3 ms | 950 ms |',
      '| p99 | 180 ms | 2,000 ms |',
      '| availability | 99.95 % | 91 % | -20.5 % | 111.5 % |',
      '| DatabaseError 57P01 | 1,200 | terminating connection | 4bf92f3577b34da6 |',
      'Errors of other kinds: 7.',
      '- Users hurt: about 400 shoppers, by the access log',
      '- Policies that depend on it: checkout',
      '- Used by: the cart',
      'checkout (INC-20260204-002-9f3a01bc)',
    ]) {
      expect(impact).toContain(row);
    }
  });

  it('times detection and response, with their definitions', () => {
    const times = section(text, 'Detection and response times');
    expect(times).toContain('| MTTD (time to detect) | start (first failure) | declared | 30 seconds (');
    expect(times).toContain('| MTTA (time to acknowledge) | declared | acknowledged | 4 minutes (');
    expect(times).toContain('| MTTR (time to resolve) | start (first failure) | resolved | 53 minutes (');
    expect(times).toContain('Davidovič');
    const unknown = section(english(sampleIncident()), 'Detection and response times');
    expect(unknown).toContain('- (no time for "acknowledged" is recorded)');
    const backwards = section(
      english(outage({ acknowledgedAt: at('09:00:00') })),
      'Detection and response times',
    );
    expect(backwards).toContain('- (the times are not in order)');
  });

  it('marks a drill and an open incident, and says how long that lasts only when told the time', () => {
    expect(english(outage({ drill: true }))).toMatch(/^# \[DRILL\] .*\n\n\*\*This was a drill/);
    expect(japanese(outage({ drill: true }))).toMatch(/^# \[訓練\] /);
    expect(english(sampleIncident())).toContain('is not resolved yet');
    expect(section(english(sampleIncident()), 'Basic facts')).toContain('| Duration | - |');
    const now = Date.parse(at('11:00:30'));
    expect(section(postmortem(sampleIncident(), { language: 'en', now }), 'Basic facts')).toContain(
      '| Duration | not resolved after 1 hour 1 minute |',
    );
    expect(section(postmortem(sampleIncident(), { language: 'ja', now }), '基本情報')).toContain(
      '| 継続時間 | 1時間1分経過、未解決 |',
    );
  });

  it('offers facts, not judgements', () => {
    const well = section(text, 'What went well');
    expect(well).toContain('- It was acknowledged 4 minutes after it was declared.');
    expect(well).toContain('- 5,000 calls were answered from the cache.');
    expect(well).toContain('- This helped: read from the replica');
    expect(well).toContain('<!-- blank: went-well -->');
    const badly = section(text, 'What did not go well');
    expect(badly).toContain('- 2 notifications to pagerduty failed.');
    expect(badly).toContain('- Not reached: support.');
    expect(badly).toContain('- This made things worse: restart the pool');
    expect(badly).toContain('- The severity rose from High to Critical.');
    expect(badly).toContain('- The collector nodes failed: no such command');
  });
});

describe('postmortem: timeline', () => {
  it('has a row where a control began, and one where it ended', () => {
    const control = {
      at: '2026-02-04T10:19:00.000Z',
      by: 'Bob',
      control: 'force-open',
      text: 'All calls are turned away.',
      until: '2026-02-04T10:29:00.000Z',
      ended: true,
      endedAt: '2026-02-04T10:24:00.000Z',
      endedBy: 'Alice',
      endedText: 'It is over: ended by hand.',
    };
    const probe = {
      ...control,
      by: null,
      control: 'probe-now',
      text: 'It was told to try.',
      until: null,
      endedAt: control.at,
      endedText: null,
    };
    const timeline = section(english(outage({ controls: [control, probe] })), 'Timeline');
    expect(timeline).toMatch(/10:19:00[^\n]*Steered: All calls are turned away\. \(until [^\n]*Bob/);
    expect(timeline).toMatch(/10:24:00[^\n]*Ended: It is over: ended by hand\.[^\n]*Alice/);
    expect(timeline).toContain('Steered: It was told to try.');
    expect(timeline.match(/Ended:/g)).toHaveLength(1);
  });

  it('is in order of time, with what happened left and what people did right', () => {
    const rows = section(english(outage()), 'Timeline')
      .split('\n')
      .filter((line) => /^\| 2026/.test(line));
    const times = rows.map((row) => row.slice(2, 25));
    expect(times).toEqual([...times].sort());
    expect(rows).toContain(
      '| 2026-02-04 10:00:05 UTC | The circuit went from closed to open: 5 of 10 attempts failed |  |',
    );
    expect(rows).toContain('| 2026-02-04 10:04:00 UTC |  | Acknowledged (Alice) |');
    expect(rows).toContain('| 2026-02-04 10:05:00 UTC |  | Alice is commander |');
    expect(rows).toContain(
      '| 2026-02-04 10:00:01 UTC | Notification "opened": slack delivered (200), pagerduty failed after 3 tries (503) |  |',
    );
    expect(rows).toContain('| 2026-02-04 10:52:30 UTC | Resolved: the circuits stayed closed |  |');
    expect(rows).toContain('| 2026-02-04 10:18:00 UTC |  | Outcome of m-1: it helped: errors fell |');
    // The lists tell it once; the timeline's own sentence is not there too.
    expect(rows.filter((row) => row.includes('Detected'))).toHaveLength(1);
  });

  it('is Japanese where the document has the parts', () => {
    const timeline = section(japanese(outage()), 'タイムライン');
    expect(timeline).toContain('サーキットがクローズからオープンに遷移: 試行10回中5回が失敗');
    expect(timeline).toContain('対応を開始（Alice）');
    expect(timeline).toContain('通知（発生）: slack 送信成功（200）、pagerduty 送信失敗、試行 3 回（503）');
    expect(timeline).toContain('SLO: The availability budget');
    expect(timeline).toContain('役割の割り当て: Alice is commander');
  });

  it('takes a sentence that it does not know as it is', () => {
    const odd = sampleIncident({
      timeline: [
        { at: at('10:00:00'), kind: 'circuit', text: 'The circuit went from __proto__ to open: x' },
        { at: at('10:00:01'), kind: 'constructor', text: 'something new' },
        { at: 'no time', kind: 'left-out', text: '3 entries left out' },
      ],
    });
    const timeline = section(japanese(odd), 'タイムライン');
    expect(timeline).toContain('サーキット: The circuit went from \\_\\_proto\\_\\_ to open: x');
    expect(timeline).toContain('| something new |');
    expect(timeline).toContain('| no time | 省略: 3 entries left out |');
  });
});

describe('postmortem: cause', () => {
  it('is a confirmed hypothesis with its evidence and what it does not explain', () => {
    const cause = section(english(outage()), 'Root cause');
    expect(cause).toContain('Confirmed (h-1): the disk of the primary was full (Bob)');
    expect(cause).toContain('- Evidence for it: df shows 100 % (Bob)');
    expect(cause).toContain('- Evidence against it: the graph was flat');
    expect(cause).toContain('- Explains: connections are refused');
    expect(cause).toContain('- Does not explain: the replica is healthy');
    expect(cause).toContain('- h-3: the pool leaks');
    expect(cause).toContain('- h-2: the network lost packets (no loss was seen)');
    expect(cause).not.toContain('blank');
  });

  it('is never invented: without a confirmed hypothesis it is a blank with what was thought of', () => {
    const unsure = outage({ hypotheses: outage().hypotheses.slice(1) });
    for (const text of [section(english(unsure), 'Root cause'), section(japanese(unsure), '根本原因')]) {
      expect(text).toMatch(/^_(to be written|要記入): .*(Not known|未判明).*<!-- blank: root-cause -->/);
      expect(text).toContain('the pool leaks');
      expect(text).not.toMatch(/Confirmed|確定した原因/);
    }
  });

  it('asks for five whys with evidence, and keeps those that are known', () => {
    const whys = section(english(outage()), '5 Whys');
    expect(whys).toContain('| 1 | Why: the disk was full (Alice) | df shows 100 % |');
    expect(whys.match(/blank: why-\d -->/g)).toHaveLength(4);
    expect(whys.match(/blank: why-\d-evidence/g)).toHaveLength(4);
  });
});

describe('postmortem: work', () => {
  const text = english(outage());

  it('has actions by horizon as check boxes', () => {
    const actions = section(text, 'Actions');
    expect(actions).toContain(
      '### Within a week\n\n- [x] **detect** · Alert at 80 % of the disk · owner: Bob · due: 2026-02-10 · checker: Carol · done, not checked yet',
    );
    expect(actions).toMatch(/### Within a month\n\n- \[ \] \*\*mitigate\*\* · .* · owner: _to be written/);
    expect(actions).toContain(
      '- **prevent** · Move the logs to a disk of their own · Dropped: a limit does it',
    );
    expect(actions).toContain('We accept that it may happen again, because the cache covers an hour (Alice)');
  });

  it('has stopgaps, data, decisions, dead ends, similar incidents and files', () => {
    expect(section(text, 'Stopgaps to undo')).toBe(
      '- [ ] m-1: read from the replica · by the action a-2\n- [x] m-3: a longer timeout · undone: put back',
    );
    expect(section(text, 'Data to repair')).toBe(
      '- [x] orders without an invoice · repaired (Carol, 2026-02-04 12:30:00 UTC)\n- [ ] carts emptied twice',
    );
    expect(section(text, 'Decisions and what was known')).toContain(
      '| may reads be stale? | head of shop | yes, for an hour (Dan, 2026-02-04 10:17:00 UTC) | prices change nightly |',
    );
    expect(section(text, 'Dead ends')).toContain('checked the network: no trace there (Bob)');
    expect(section(text, 'Similar incidents')).toContain('| INC-20260101-001-9f3a01bc | the disk was full |');
    expect(section(text, 'Collected files')).toContain('| app.log | log | 12,000 | cut to its limit |');
  });
});

describe('postmortem: one structure', () => {
  const shape = (markdown: string): string[] =>
    markdown
      .slice(0, markdown.lastIndexOf('<!-- breakwater:'))
      .split('\n')
      .map((line) => {
        if (line.startsWith('|')) return `row of ${line.split(/(?<!\\)\|/).length}`;
        return /^(#+ |- \[[ x]\]|- |)/.exec(line)?.[0] ?? '';
      });
  const blanks = (markdown: string): string[] => markdown.match(/<!-- blank: [^>]*-->/g) ?? [];

  it.each([
    ['an outage', outage()],
    ['an empty one', sampleIncident()],
    ['a drill', outage({ drill: true, hypotheses: [] })],
  ])('in both languages: %s', (_, incident) => {
    expect(shape(japanese(incident))).toEqual(shape(english(incident)));
    expect(blanks(japanese(incident))).toEqual(blanks(english(incident)));
  });

  it('gives the same text for the same incident', () => {
    expect(english(outage())).toBe(english(outage()));
  });
});

describe('postmortem: hostile texts', () => {
  const hostile = [
    '# heading',
    '- item',
    '+ item',
    '* item',
    '1. item',
    '12) item',
    '> quote',
    '=====',
    '---',
    '***',
    '```js',
    '~~~',
    '    code',
    '| a | b |',
    'a | b \\| c',
    '`code` ``c`` `',
    '[link](javascript:alert(1))',
    '![image](https://evil.example/x.png)',
    '[ref]: https://evil.example',
    '[^1]: note',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<!-- blank: x --> -->',
    '<https://evil.example>',
    'https://evil.example/?a=b www.evil.example mail@evil.example',
    '@everyone and @team/sre, `@x`',
    '&lt;b&gt; &amp; &#35; AT&T',
    '**bold** __bold__ _em_ *em* ~~gone~~ snake_case __proto__',
    '$x^2$ \\(x\\) \\* trailing\\',
    'two\nlines\r\nand\ttab',
    '_to be written: x_',
    '日本語|`の`*文*',
  ];

  it.each(hostile)('are shown as they were: %j', (text) => {
    const shown = text.replace(/\s+/g, ' ').trim();
    const incident = outage({
      summary: text,
      affected: { users: text, scope: text },
      notes: [{ id: 'n-1', at: at('10:06:00'), by: text, text, deadEnd: true }],
      actions: outage().actions.map((action) => ({ ...action, text, owner: text, reason: text })),
    });
    const lines = rendered(english(incident));
    expect(lines.headings).toHaveLength(rendered(english(outage())).headings.length);
    expect(lines.rows.map(({ length }) => length)).toEqual(
      rendered(english(outage({ notes: outage().notes.slice(1) }))).rows.map(({ length }) => length),
    );
    expect(lines.rows).toContainEqual(['Scope', shown]);
    expect(lines.items).toContainEqual(`Users hurt: ${shown}`);
    expect(lines.items).toContainEqual(`2026-02-04 10:06:00 UTC: ${shown} (${shown})`);
  });

  it('hold for any text, wherever it stands', () => {
    const pieces = fc.constantFrom(
      ...[
        '#',
        '-',
        '+',
        '*',
        '_',
        '`',
        '|',
        '[',
        ']',
        '(',
        ')',
        '<',
        '>',
        '&',
        ';',
        '!',
        '~',
        '\\',
        '$',
        '@',
        ':',
        '/',
        '=',
      ],
      ...['a', 'Z', '7', '1.', ' ', 'www.', 'http', '&lt;', '<!--', '-->', '日', '\n', 'b@c.d'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
        const text = parts.join('');
        const shown = text.replace(/\s+/g, ' ').trim();
        expect(blockText(escapeMarkdown(text))).toBe(shown);
      }),
      { numRuns: 500 },
    );
  });

  it('may turn no direction and hide nothing', () => {
    expect(escapeMarkdown('a\u202eb\u0000c\ud800d')).toBe('a\ufffdb c\ufffdd');
  });

  it('may be very long, and there may be many', () => {
    const note = outage().notes[0];
    const notes = Array.from({ length: 1_200 }, (_, index) => ({
      id: `n-${index}`,
      at: note?.at ?? '',
      by: 'Bob',
      text: `${index} ${'|'.repeat(300)}`,
      deadEnd: false,
    }));
    const started = performance.now();
    expect(rendered(english(outage({ notes }))).rows.length).toBeGreaterThan(1_200);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
