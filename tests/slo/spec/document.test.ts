import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../src/slo/spec/document.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';

/** The report of what is wrong with `text`. */
function reportOf(text: string): string {
  try {
    parseDocuments(text);
  } catch (error) {
    if (error instanceof SpecError) return error.report('slo.yaml');
    throw error;
  }
  return 'nothing is wrong';
}

function documentOf(text: string) {
  return parseDocuments(text)[0];
}

describe('a document', () => {
  it('gives plain values', () => {
    const { value } = documentOf('a: [1, 0.5, text, "quoted", true, ~]\nb: { c: d }\n');
    expect(value).toEqual({ a: [1, 0.5, 'text', 'quoted', true, null], b: { c: 'd' } });
  });

  it('reads several documents, and passes over empty ones', () => {
    expect(parseDocuments('a: 1\n---\n---\nb: 2\n---\n').map(({ value }) => value)).toEqual([
      { a: 1 },
      { b: 2 },
    ]);
  });

  it('takes yes, no, on, off, dates and octal numbers for what YAML 1.2 says they are', () => {
    expect(documentOf('[yes, no, on, off, 2020-01-01, 010, 1_000]').value).toEqual([
      'yes',
      'no',
      'on',
      'off',
      '2020-01-01',
      10,
      '1_000',
    ]);
  });

  it('reads a text with a byte order mark as without, columns too', () => {
    expect(documentOf('\ufeffa: 1').position(['a'])).toEqual({ line: 1, column: 4 });
  });

  it('has no prototype to poison', () => {
    const { value } = documentOf(
      '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }',
    );
    expect(Object.keys(Object(value))).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('replaces aliases, however often', () => {
    const { value } = documentOf('a: &labels { team: shop }\nb: *labels\nc: *labels\n');
    expect(value).toEqual({ a: { team: 'shop' }, b: { team: 'shop' }, c: { team: 'shop' } });
  });
});

describe('a position', () => {
  const document = documentOf(
    [
      'version: 1',
      'policies:',
      '  database:',
      '    latency: { objective: 1 }',
      '    empty:',
      '  list:',
      '    - x',
      '',
    ].join('\n'),
  );

  it('is that of the value, or of the key', () => {
    expect(document.position(['version'])).toEqual({ line: 1, column: 10 });
    expect(document.keyPosition(['version'])).toEqual({ line: 1, column: 1 });
    expect(document.position(['policies', 'database', 'latency', 'objective'])).toEqual({
      line: 4,
      column: 27,
    });
    expect(document.position(['policies', 'list', 0])).toEqual({ line: 7, column: 7 });
  });

  it('is that of the key around what is missing', () => {
    expect(document.position(['policies', 'database', 'latency', 'threshold'])).toEqual({
      line: 4,
      column: 5,
    });
    expect(document.position(['service'])).toEqual({ line: 1, column: 1 });
  });

  it('is that of the key where the value is empty', () => {
    expect(document.position(['policies', 'database', 'empty'])).toEqual({ line: 5, column: 5 });
  });

  it.each([
    ['plain', 'query: sum(x)', { line: 1, column: 12 }],
    ['in quotes', 'query: "sum(x)"', { line: 1, column: 13 }],
    ['with escapes', 'query: "\\u0073um(x)"', { line: 1, column: 8 }],
    ['of several plain lines', 'query: sum\n  (x)', { line: 1, column: 8 }],
    ['in a literal block', 'query: |\n    sum(x)\n', { line: 2, column: 9 }],
    ['in a folded block', 'query: >\n    sum(x)\n', { line: 1, column: 8 }],
  ])('within a text %s', (_, text, position) => {
    expect(documentOf(text).positionWithin(['query'], 4)).toEqual(position);
  });

  it('within a later line of a literal block', () => {
    const text = 'query: |-\n    sum(\n\n      rate(x)\n    )\n';
    const value = 'sum(\n\n  rate(x)\n)';
    const document = documentOf(text);
    expect(document.value).toEqual({ query: value });
    expect(document.positionWithin(['query'], value.indexOf('x'))).toEqual({ line: 4, column: 12 });
  });
});

describe('what is refused, with its place', () => {
  it.each([
    ['an empty text', '', '1:1 is empty'],
    ['a text of comments', '# nothing\n---\n# here\n', '1:1 is empty'],
    ['a NUL', 'a: \0', '1:4 the character \\u0000 is not allowed in YAML'],
    ['half a character', 'a: \ud83d', '1:4 the character \\ud83d is not allowed in YAML'],
    ['a byte order mark inside', 'a: 1\nb: \ufeff', '2:4 the character \\ufeff is not allowed in YAML'],
    ['a key that is there twice', 'a: 1\nb: 2\na: 3\n', '3:1 a: is there twice; the first is in line 1'],
    ['a key that is a number', 'x:\n  5: a\n', "2:3 x: a key must be a string; write it in quotes: '5'"],
    ['a key that is true', 'true: a\n', "1:1 a key must be a string; write it in quotes: 'true'"],
    ['a key that is a sequence', '? [a]\n: b\n', '1:3 a key must be a string'],
    ['a key that is an alias', 'a: &a b\n*a : c\n', '2:1 a key must be a string'],
    ['a custom tag', 'a: !secret b\n', '1:4 Unresolved tag: !secret'],
    ['a tag of YAML 1.1', 'a: !!binary aGk=\n', '1:4 Unresolved tag: tag:yaml.org,2002:binary'],
    ['an older YAML', '%YAML 1.1\n---\na: yes\n', '1:1 must be YAML 1.2, not an older version'],
    ['an alias of nothing', 'a: *b\n', '1:4 a: the alias *b stands for nothing before it'],
    ['an alias of itself', 'a: &a [*a]\n', '1:8 a[0]: the alias *a is part of what it stands for'],
    [
      'too long a text',
      `# ${'x'.repeat(1_000_000)}`,
      '1:1 has 1000002 characters; a spec has at most 1000000',
    ],
    ['too deep a text', '['.repeat(70), '1:65 stands more than 64 levels deep'],
    ['a tab as indentation', 'a:\n\tb: 1\n', '2:1 Tabs are not allowed as indentation'],
  ])('%s', (_, text, problem) => {
    expect(reportOf(text).split('\n')[0]).toBe(`slo.yaml:${problem}`);
  });

  it('names all at once, in the order of the text', () => {
    expect(reportOf('b: 1\nb: 2\n1: c\nd: *e\n')).toBe(
      [
        'slo.yaml:2:1 b: is there twice; the first is in line 1',
        "slo.yaml:3:1 a key must be a string; write it in quotes: '1'",
        'slo.yaml:4:4 d: the alias *e stands for nothing before it',
      ].join('\n'),
    );
  });

  it('names a hundred, and says how many more there are', () => {
    const lines = reportOf('1: a\n'.repeat(150)).split('\n');
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe('and 50 more');
  });

  it('shows what a terminal would obey as escapes', () => {
    expect(reportOf('"\\e[31m\\u202e": &a [*a]\n')).toBe(
      'slo.yaml:1:21 ["\\u001b[31m\\u202e"][0]: the alias *a is part of what it stands for',
    );
  });
});

describe('a hostile text', () => {
  it('of aliases of aliases is refused before it grows', () => {
    const lines = Array.from({ length: 7 }, (_, at) => {
      const items = at === 0 ? 'x' : Array.from({ length: 9 }, () => `*a${at - 1}`).join(', ');
      return `a${at}: &a${at} [${items}]`;
    });
    expect(reportOf(lines.join('\n'))).toContain('holds more than 100000 values');
  });

  it.each([
    ['brackets', '['],
    ['braces', '{'],
    ['dashes', '- '],
    ['explicit keys', '? '],
    ['keys in a line', 'a: '],
    ['anchors', '&a '],
    ['tags', '!a '],
    ['quotes', '"'],
    ['keys', 'a:\n'],
    ['document ends', '...\n'],
    ['closing brackets', ']'],
    ['directives', '%a\n'],
    ['aliases', '- *a\n'],
  ])('of nothing but %s is refused at its place', (_, part) => {
    expect(reportOf(part.repeat(5_000 / part.length))).toMatch(/^slo\.yaml:\d+:\d+ /);
  });

  it('of one key again and again is read in time that grows with its length only', () => {
    const startedAt = performance.now();
    expect(reportOf('a:\n'.repeat(60_000))).toContain('and 59899 more');
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});
