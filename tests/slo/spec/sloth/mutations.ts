import { fc } from '../../../fast-check.ts';

const pieces = fc.constantFrom(
  ...[
    '',
    ':',
    ': ',
    '-',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    '&a',
    '*a',
    '!!str ',
    '|',
    '>',
    '\n',
    '  ',
    '\t',
  ],
  ...[
    'null',
    'true',
    '1e999',
    '-1',
    '0',
    '99.9',
    '{{.window}}',
    '{{',
    '__proto__',
    '<<: ',
    '---\n',
    '\u0000',
    'é',
  ],
);

const change = fc.record({
  line: fc.nat(),
  column: fc.nat(),
  lost: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 80 })),
  put: pieces,
  what: fc.constantFrom('edit', 'edit', 'drop', 'double', 'swap', 'indent'),
});

/** A text with up to so many changes: characters lost and put in, lines lost, doubled, swapped and moved to the right. */
export function mutatedText(text: string, mostChanges = 4): fc.Arbitrary<string> {
  return fc.array(change, { minLength: 1, maxLength: mostChanges }).map((changes) => {
    const lines = text.split('\n');
    for (const { line, column, lost, put, what } of changes) {
      const at = line % lines.length;
      const given = lines[at] ?? '';
      const edge = column % (given.length + 1);
      if (what === 'edit') lines[at] = given.slice(0, edge) + put + given.slice(edge + lost);
      if (what === 'drop') lines.splice(at, 1);
      if (what === 'double') lines.splice(at, 0, given);
      if (what === 'swap') lines.splice(at, 2, lines[at + 1] ?? '', given);
      if (what === 'indent') lines[at] = `  ${given}`;
      if (lines.length === 0) lines.push('');
    }
    return lines.join('\n');
  });
}
