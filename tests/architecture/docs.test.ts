import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { findEntries } from '../../scripts/entries.ts';
import { undocumented } from './doc-comments.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function programOf(entries: readonly string[], host?: ts.CompilerHost): ts.Program {
  return ts.createProgram({
    rootNames: entries,
    options: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
      noEmit: true,
      types: [],
      noLib: true,
    },
    ...(host === undefined ? {} : { host }),
  });
}

/** What is undocumented in a file of that text. */
function gapsIn(text: string): string[] {
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (name, version) =>
    name === 'sample.ts' ? ts.createSourceFile(name, text, version) : getSourceFile(name, version);
  host.fileExists = (name) => name === 'sample.ts' || ts.sys.fileExists(name);
  return undocumented(programOf(['sample.ts'], host), ['sample.ts']);
}

describe('doc comments', () => {
  it('are on every public symbol, option and method', () => {
    const entries = Object.values(findEntries(root)).map((entry) => `${root}${entry}`);
    expect(undocumented(programOf(entries), entries)).toEqual([]);
  });

  it('are missed on an export', () => {
    expect(gapsIn('export function a() {}\n/** B. */\nexport const b = 1;\nexport type C = 1;')).toEqual([
      'C',
      'a',
    ]);
  });

  it('are missed on a field of options, and not on one of another interface', () => {
    const text =
      '/** A. */ export interface AOptions {\n readonly a: 1;\n /** B. */ readonly b: 2 }\n' +
      '/** F. */ export interface Facts { readonly a: 1 }';
    expect(gapsIn(text)).toEqual(['AOptions.a']);
  });

  it('are missed on a public method of a class, and not on a private or internal one', () => {
    const members = ['constructor() {}', 'b() {}', '#c() {}', 'private d() {}', '/** @internal */ e() {}'];
    const text = `/** A. */ export class A {\n${[...members, '/** F. */ f() {}'].join('\n')}\n}`;
    expect(gapsIn(text)).toEqual(['A.b']);
  });
});
