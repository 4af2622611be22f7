import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CapturedTerminal, temporaryFolder } from '../support.ts';
import { BEGAN, ID, TestJournal } from './journal.ts';

const file = `incidents/${ID}/postmortem.md`;

async function journalOfOne(): Promise<TestJournal> {
  const journal = new TestJournal();
  await journal.begin();
  await journal.json(['note', 'the pool is full']);
  return journal;
}

describe('a post-mortem', () => {
  it("is written into the incident's folder, in either language", async () => {
    const journal = await journalOfOne();
    const { code, out, err } = await journal.run(['postmortem', '--directory', '.']);
    expect({ code, out }).toEqual({ code: 0, out: `${file}\n` });
    expect(err).toContain(`breakwater incident lint ${ID} --directory .`);
    expect(readFileSync(join(journal.directory, file), 'utf8')).toContain('the pool is full');
    const japanese = await journal.run(['postmortem', '--directory', '.', '--language', 'ja', '--json']);
    expect(JSON.parse(japanese.out)).toEqual({ incident: ID, file: `incidents/${ID}/postmortem.ja.md` });
    expect(readFileSync(join(journal.directory, `incidents/${ID}/postmortem.ja.md`), 'utf8')).toMatch(
      /[\u3040-\u30ff]/,
    );
  });

  it('keeps what people wrote and brings the rest up to date', async () => {
    const journal = await journalOfOne();
    await journal.run(['postmortem']);
    const path = join(journal.directory, file);
    const [first = '', ...rest] = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [first, '', 'People wrote this.', ...rest].join('\n'));
    await journal.json(['note', 'the replica is behind']);
    expect((await journal.run(['postmortem'])).code).toBe(0);
    const merged = readFileSync(path, 'utf8');
    expect(merged).toContain('People wrote this.');
    expect(merged).toContain('the replica is behind');
  });

  it('is brought up to date too where somebody appended a line', async () => {
    const journal = await journalOfOne();
    await journal.run(['postmortem']);
    const path = join(journal.directory, file);
    appendFileSync(path, '\nThe autovacuum was off.\n');
    await journal.json(['note', 'the replica is behind']);
    expect((await journal.run(['postmortem'])).code).toBe(0);
    const merged = readFileSync(path, 'utf8');
    expect(merged).toContain('the replica is behind');
    expect(merged).toContain('The autovacuum was off.');
  });

  it('is left alone, and that is told, where nobody can say what of it was generated', async () => {
    const journal = await journalOfOne();
    mkdirSync(join(journal.directory, 'incidents', ID), { recursive: true });
    writeFileSync(join(journal.directory, file), '# All by hand\n');
    const { code, out, err } = await journal.run(['postmortem']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('stays as it is');
    expect(err).toContain('--out <file>');
    expect(readFileSync(join(journal.directory, file), 'utf8')).toBe('# All by hand\n');
  });

  it('goes to stdout or another file on request', async () => {
    const journal = await journalOfOne();
    const { out, err } = await journal.run(['postmortem', '--out', '-']);
    expect(out).toMatch(/^# /);
    expect(err).toBe('');
    expect((await journal.run(['postmortem', '--out', 'elsewhere.md'])).out).toBe('elsewhere.md\n');
    expect(readFileSync(join(journal.directory, 'elsewhere.md'), 'utf8')).toBe(out);
    expect(await journal.run(['postmortem', '--out', '-', '--json'])).toMatchObject({ code: 2, out: '' });
    expect(await journal.run(['postmortem', '--language', 'fr'])).toMatchObject({ code: 2, out: '' });
  });
});

it('is not asked for any more once there is one', async () => {
  const journal = await journalOfOne();
  await journal.add(ID, [{ type: 'resolved', at: BEGAN + 1, reason: 'x', durationMs: 1 }]);
  const asked = 'Write the post-mortem.';
  expect((await journal.run(['show', ID])).out).toContain(asked);
  await journal.run(['postmortem', ID]);
  expect((await journal.run(['show', ID])).out).not.toContain(asked);
  expect((await journal.run(['learned', 'thanks', 'all', '--json'])).code).toBe(0);
  expect((await journal.run(['learned', 'lucky', 'it was night'])).out).not.toContain(asked);
});

describe('lint', () => {
  it('names a file as whoever stands here does', async () => {
    const journal = await journalOfOne();
    await journal.run(['postmortem']);
    // The journal is given whole by the environment.
    expect((await journal.run(['lint', ID])).out).toMatch(new RegExp(`^${file}:\\d+:`, 'm'));
    const elsewhere = await journal.run(['lint', ID], { cwd: temporaryFolder() });
    expect(elsewhere.out).toContain(`${join(journal.directory, file)}:`);
  });

  it('reads the post-mortem of an incident, and a file, and says where something is lacking', async () => {
    const journal = await journalOfOne();
    expect(await journal.run(['lint', ID])).toMatchObject({
      code: 1,
      err: expect.stringContaining('has no post-mortem yet'),
    });
    await journal.run(['postmortem']);
    const { code, out } = await journal.run(['lint', '001-9f3a', '--directory', '.']);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`^${file}:\\d+:\\d+ blank: `, 'm'));
    expect(out).toMatch(/\n\d+ findings in \S+\n$/);
    expect((await journal.run(['lint', '--directory', '.'])).out).toBe(out);
    expect((await journal.run(['lint', file])).out).toBe(out);
    const json: readonly { file: string; rule: string }[] = JSON.parse(
      (await journal.run(['lint', file, '--json'])).out,
    );
    expect(json.length).toBe(out.trimEnd().split('\n').length - 1);
    expect(json[0]).toMatchObject({ file, rule: expect.any(String), line: expect.any(Number) });
  });

  it('reads standard input, and several files', async () => {
    const journal = await journalOfOne();
    const text = '# Outage\n\n## Actions\n\n- [ ] Be more careful with migrations\n';
    writeFileSync(join(journal.directory, 'one.md'), text);
    const stdin = await journal.run(['lint', '-'], { input: text });
    expect(stdin).toMatchObject({ code: 1, out: expect.stringMatching(/^stdin:5:\d+ relies-on-people: /m) });
    const both = await journal.run(['lint', 'one.md', '-'], { input: text });
    expect(both.out).toMatch(/findings in 2 files\.\n$/);
    expect(await journal.run(['lint', 'none.md'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('none.md cannot be read'),
    });
  });
});

describe('actions', () => {
  async function journalWithActions(): Promise<TestJournal> {
    const journal = await journalOfOne();
    const search = await journal.begin({ id: 'INC-20260204-002-77aa0000', policy: 'search' });
    await journal.json(['action', 'add', ID, 'late', '--owner', 'bob', '--due', '2026-02-03']);
    await journal.json(['action', 'add', ID, 'in time', '--owner', 'alice', '--due', '2026-03-01']);
    const { actions } = await journal.json(['action', 'add', search, 'finished']);
    await journal.json(['action', 'done', actions[0]?.id ?? '']);
    return journal;
  }

  it('are what is left over all incidents, the overdue first', async () => {
    const journal = await journalWithActions();
    const { code, out, err } = await journal.run(['actions']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [header, first, second, , summary] = out.split('\n');
    expect(header).toMatch(/^ACTION {4}STATE {8}DUE {9}OWNER {2}INCIDENT {19}WHAT$/);
    expect(first).toMatch(
      /^a-[\da-f]{6} {2}1 d overdue {2}2026-02-03 {2}bob {4}INC-20260204-001-9f3a01bc {2}late \(prevent\)$/,
    );
    expect(second).toMatch(/open {9}2026-03-01 {2}alice {2}INC-20260204-001-9f3a01bc {2}in time/);
    expect(summary).toBe('Of all actions: 1 overdue, 1 open, 1 done.');
  });

  it.each([
    [['--overdue'], ['late']],
    [['--owner', 'alice'], ['in time']],
    [
      ['--owner', 'alice', '--owner', 'bob'],
      ['late', 'in time'],
    ],
    [['--all'], ['late', 'in time', 'finished']],
  ])('with %j are %j', async (args, expected) => {
    const journal = await journalWithActions();
    const found: readonly { text: string }[] = JSON.parse(
      (await journal.run(['actions', '--json', ...args])).out,
    );
    expect(found.map(({ text }) => text)).toEqual(expected);
  });

  it('fail a job where some are overdue, on request', async () => {
    const journal = await journalWithActions();
    expect((await journal.run(['actions', '--fail-overdue'])).code).toBe(1);
    expect((await journal.run(['actions', '--fail-overdue', '--owner', 'alice'])).code).toBe(0);
    expect(await journal.run(['actions', '--owner', 'carol'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No action is like that.'),
    });
  });

  it('have texts on lines of their own on a narrow terminal', async () => {
    const journal = await journalWithActions();
    const out = new CapturedTerminal({ isTTY: true, columns: 80 });
    await journal.run(['actions'], { out });
    expect(out.text).toContain('9f3a01bc\n  late (prevent)\n');
    expect(Math.max(...out.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('search', () => {
  it('finds incidents by what was written about them, post-mortems included', async () => {
    const journal = await journalOfOne();
    await journal.begin({
      id: 'INC-20260204-002-77aa0000',
      policy: 'search',
      at: BEGAN,
      summary: 'slow answers',
    });
    const { code, out } = await journal.run(['search', 'pool']);
    expect(code).toBe(0);
    expect(out).toContain(`${ID}  High  declared  database  2026-02-04\n`);
    expect(out).toContain('the pool is full');
    expect(out).not.toContain('77aa0000');
    await journal.run(['postmortem', '001']);
    appendFileSync(join(journal.directory, file), '\nThe autovacuum was off.\n');
    expect(JSON.parse((await journal.run(['search', 'autovacuum', '--json'])).out)).toMatchObject([
      { incident: ID, where: 'postmortem' },
    ]);
    expect(
      JSON.parse((await journal.run(['search', '--json', '--', 'policy:search', '-pool'])).out),
    ).toMatchObject([{ policy: 'search' }]);
  });

  it('says that nothing was found, or that a filter is none', async () => {
    const journal = await journalOfOne();
    expect(await journal.run(['search', 'unicorn'])).toEqual({
      code: 1,
      out: 'Nothing was found.\n',
      err: '',
    });
    expect(await journal.run(['search', 'severity:awful'])).toMatchObject({ code: 2, out: '' });
  });
});
