import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../examples/support/postgres.ts';
import { tsc } from '../../scripts/typescript.ts';
import { bundleTogether } from '../bundle.ts';
import { countTypeScriptBlocks, type Snippet, snippetsOf } from './document.ts';
import { settings } from './settings.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const snippets = snippetsOf(readme);
// A folder of its own inside the repository, so that a program finds the packages as a file of it would.
const folder = join(root, 'tests/readme/.snippets');
const programs = join(folder, 'programs');

function fileOf({ name }: Snippet): string {
  return join(folder, `${name}.mts`);
}

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const snippet of snippets) {
    const { before = '', after = '' } = settings[snippet.name] ?? {};
    writeFileSync(fileOf(snippet), `${before}\n${snippet.code}\n${after}\nexport {};\n`);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the README', () => {
  it('says the two commands as they are', () => {
    expect(readme).toContain('```sh\nnpm install && npm run demo\n```');
    expect(readme).toContain('```sh\nnpm install && npm test\n```');
  });

  it('has no code block that is not a snippet, and no snippet twice', () => {
    expect(snippets.length).toBeGreaterThan(10);
    expect(countTypeScriptBlocks(readme)).toBe(snippets.length);
    expect(new Set(snippets.map(({ name }) => name)).size).toBe(snippets.length);
    expect(
      Object.keys(settings).filter((name) => !snippets.some((snippet) => snippet.name === name)),
    ).toEqual([]);
  });

  it('names only files that are there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)(?<path>[^)#]+)\)/g)].map(
      ({ groups }) => groups?.path ?? '',
    );
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow();
  });
});

describe('the snippets of the README', () => {
  it('compile', async () => {
    const config = { extends: '../../../tsconfig.json', include: ['*.mts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const args = [join(root, tsc), '--project', folder, '--pretty', 'false'];
    const complaints = await promisify(execFile)(process.execPath, args).then(
      ({ stdout }) => stdout,
      (error: { readonly stdout: string }) => error.stdout,
    );
    expect(complaints).toBe('');
  }, 60_000);

  describe('run', () => {
    let database: Postgres | undefined;

    beforeAll(async () => {
      await bundleTogether({ entryPoints: snippets.map(fileOf), outdir: programs });
      database = await startPostgres();
      const client = new pg.Client(database.config);
      await client.connect();
      await client.query(`
        create table users (id int primary key, name text);
        insert into users values (1, 'Ada');
        create table accounts (owner text primary key, cents int);
        insert into accounts values ('Ada', 10000), ('Grace', 0);
      `);
      await client.end();
    }, 60_000);

    afterAll(() => database?.close());

    it.each(snippets)('$name', async (snippet) => {
      const { stdout, stderr } = await run(snippet, database?.connectionString);
      expect(stderr).toBe('');
      if (snippet.output !== undefined) expect(withoutLogLines(stdout)).toBe(snippet.output);
    });
  });
});

/** A program that does not end by itself fails by being stopped. */
function run(
  snippet: Snippet,
  connectionString: string | undefined,
): Promise<{ stdout: string; stderr: string }> {
  const setting = settings[snippet.name];
  const database = setting?.database === true ? { DATABASE_URL: connectionString } : {};
  const preloaded =
    setting?.hazards === true ? [] : ['--import', join(root, 'tests/examples/hazards-to-stderr.mjs')];
  return promisify(execFile)(process.execPath, [...preloaded, join(programs, `${snippet.name}.mjs`)], {
    cwd: root,
    env: { ...process.env, PORT: '0', NO_COLOR: '1', NODE_OPTIONS: '', ...database },
    timeout: 25_000,
  });
}

/** The default logger writes JSON to the standard output too. */
function withoutLogLines(text: string): string {
  return text.replace(/^\{"level":.*\n/gm, '');
}
