import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { violations } from './rules.ts';
import { importsOf, readSourceTree } from './source-tree.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** A small tree without a fault; tests add one fault each. */
const sound: Readonly<Record<string, string>> = {
  'core/errors.ts': 'export const a = 1;',
  'strategies/retry/index.ts': "export { retry } from './strategy.ts';",
  'strategies/retry/options.ts': "import { z } from 'zod';",
  'strategies/retry/strategy.ts': "import { a } from '../../core/errors.ts';\nexport const retry = a;",
  'strategies/timeout/index.ts': '',
  'strategies/timeout/options.ts': '',
  'strategies/timeout/strategy.ts': '',
  'strategies/standard.ts': "import './retry/index.ts';\nimport './timeout/index.ts';",
  'metrics/recorder.ts': "import { Registry } from 'prom-client';\nimport { a } from '../core/errors.ts';",
  'slo/tracker.ts': "import '../metrics/recorder.ts';",
  'incidents/manager.ts': "import type { b } from '../slo/tracker.ts';\nimport './sinks/log/sink.ts';",
  'incidents/sinks/name.ts': '',
  'incidents/sinks/log/options.ts': '',
  'incidents/sinks/log/sink.ts': "import '../name.ts';",
  'incidents/sinks/webhook/options.ts': '',
  'incidents/sinks/webhook/sink.ts': '',
  'breakwater.ts': "import './incidents/manager.ts';\nimport { register } from 'prom-client';",
  'index.ts': "export * from './breakwater.ts';",
  'web/answers.ts': "import { a } from '../core/errors.ts';",
  'integrations/express/index.ts': "import '../../web/answers.ts';\nimport type { Request } from 'express';",
  'integrations/pg/index.ts': "import type { Pool } from 'pg';\nimport '../../index.ts';",
  'cli/main.ts': "import '../integrations/pg/index.ts';",
};

function withFiles(files: Readonly<Record<string, string>>): string[] {
  return violations(new Map(Object.entries({ ...sound, ...files })));
}

describe('the source tree', () => {
  it('keeps the shape that DESIGN section 2 gives it', () => {
    const tree = readSourceTree(src);
    expect(tree.size).toBeGreaterThan(50);
    expect(violations(tree)).toEqual([]);
  });
});

describe('the check', () => {
  it('finds nothing wrong with a sound tree', () => {
    expect(withFiles({})).toEqual([]);
  });

  it.each([
    ['core/x.ts', "import '../strategies/retry/index.ts';", 'does not stand to its left'],
    ['core/x.ts', "import type { a } from '../slo/tracker.ts';", 'does not stand to its left'],
    ['core/x.ts', "export * from '../breakwater.ts';", 'does not stand to its left'],
    ['core/x.ts', "type A = import('../cli/main.ts').A;", 'does not stand to its left'],
    ['core/x.ts', "const a = await import('../web/answers.ts');", 'does not stand to its left'],
    ['metrics/x.ts', "import '../strategies/retry/index.ts';", 'does not stand to its left'],
    ['strategies/retry/x.ts', "import '../../metrics/recorder.ts';", 'does not stand to its left'],
    ['slo/x.ts', "import '../incidents/manager.ts';", 'does not stand to its left'],
    ['incidents/x.ts', "import '../index.ts';", 'does not stand to its left'],
    ['web/x.ts', "import '../integrations/pg/index.ts';", 'does not stand to its left'],
    ['integrations/pg/x.ts', "import '../../cli/main.ts';", 'does not stand to its left'],
    ['strategies/retry/x.ts', "import type { a } from '../timeout/index.ts';", 'stands beside it'],
    ['strategies/retry/x.ts', "import '../standard.ts';", 'stands beside it'],
    ['incidents/sinks/log/x.ts', "export * from '../webhook/sink.ts';", 'stands beside it'],
    ['integrations/pg/x.ts', "import '../express/index.ts';", 'stands beside it'],
    ['core/x.ts', "import type { Pool } from 'pg';", 'imports the package pg'],
    ['web/x.ts', "import type { Request } from 'express';", 'imports the package express'],
    ['integrations/express/x.ts', "import 'fastify';", 'imports the package fastify'],
    ['integrations/express/x.ts', "import 'ioredis';", 'imports the package ioredis'],
    ['slo/x.ts', "import type { Registry } from 'prom-client';", 'imports the package prom-client'],
    ['slo/x.ts', "import { Command } from 'commander';", 'imports the package commander'],
    ['core/x.ts', "import { parse } from 'yaml';", 'imports the package yaml'],
    ['slo/rules/x.ts', "import { RE2JS } from 're2js';", 'imports the package re2js'],
    [
      'cli/x.ts',
      "import { parser } from '@prometheus-io/lezer-promql';",
      'imports the package @prometheus-io',
    ],
    ['integrations/pg/x.ts', "import '@opentelemetry/api';", 'imports the package @opentelemetry/api'],
    ['core/x.ts', "import './nowhere.ts';", 'is not a file of src/'],
    ['helpers/x.ts', '', 'is in no known area'],
    ['x.ts', '', 'is in no known area'],
    ['core/x.ts', "import './x.ts';", 'imports go in a circle'],
  ])('reports %s with %j', (path, text, complaint) => {
    const found = withFiles({ [path]: text });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(path);
    expect(found[0]).toContain(complaint);
  });

  it('reports a file of more than 350 lines, and none of 350', () => {
    expect(withFiles({ 'core/x.ts': 'a;\n'.repeat(351) })).toEqual([
      'core/x.ts has 351 lines, more than 350',
    ]);
    expect(withFiles({ 'core/x.ts': 'a;\n'.repeat(350) })).toEqual([]);
  });

  it('reports a circle through several files once, and not one of types alone', () => {
    const circle = {
      'core/x.ts': "import './y.ts';",
      'core/y.ts': "export * from './z.ts';",
      'core/z.ts': "import { type X } from './x.ts';",
    };
    expect(withFiles(circle)).toEqual([
      'imports go in a circle: core/x.ts -> core/y.ts -> core/z.ts -> core/x.ts',
    ]);
    expect(withFiles({ ...circle, 'core/z.ts': "import type { X } from './x.ts';" })).toEqual([]);
  });

  it('reports each role that a folder lacks', () => {
    expect(withFiles({ 'strategies/hedge/hedge.ts': '' })).toEqual([
      'strategies/hedge/index.ts is missing',
      'strategies/hedge/options.ts is missing',
      'strategies/hedge/strategy.ts is missing',
    ]);
    expect(withFiles({ 'incidents/sinks/slack/sink.ts': '' })).toEqual([
      'incidents/sinks/slack/options.ts is missing',
    ]);
    expect(withFiles({ 'integrations/otel/spans.ts': '' })).toEqual([
      'integrations/otel/index.ts is missing',
    ]);
  });

  it('reads packages with a scope or a subpath, and nothing out of strings or comments', () => {
    const text =
      "import '@a/b/c';\nimport 'pg/lib/x';\n// import 'express';\nconst s = \"import 'fastify'\";";
    expect(importsOf('core/x.ts', text).map(({ to }) => to)).toEqual(['@a/b', 'pg']);
  });
});
