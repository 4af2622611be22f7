import { describe, expect, it } from 'vitest';
import type { SloSpec } from '../../../src/slo/spec/model.ts';
import { SpecError } from '../../../src/slo/spec/problems.ts';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { writeSpec } from '../../../src/slo/spec/write.ts';
import { fc } from '../../fast-check.ts';
import { arbitrarySpec, arbitraryText, mutated } from './arbitraries.ts';

/** The spec, or `undefined` where the text is refused with places inside of it. */
function readOrRefuse(text: string): SloSpec | undefined {
  try {
    return readSpec(text);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    const lines = text.split('\n');
    for (const { line, column, message, path } of error.problems) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      expect(`${path}${message}`).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
    }
    return undefined;
  }
}

describe('a damaged spec', () => {
  it('is refused at places inside of it, or is a spec that can be written and read again', () => {
    let read = 0;
    let refused = 0;
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const spec = readOrRefuse(text);
        if (spec === undefined) {
          refused += 1;
          return;
        }
        read += 1;
        expect(readSpec(writeSpec(spec))).toEqual(spec);
      }),
      { numRuns: 250 },
    );
    // Both must happen, or the property says little.
    expect(read).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(100);
  });

  it('is refused however much of it is damaged', () => {
    const ruins = mutated(mutated(mutated(arbitrarySpec.map((spec) => writeSpec(spec)))));
    fc.assert(
      fc.property(fc.oneof(ruins, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
        readOrRefuse(text);
      }),
      { numRuns: 100 },
    );
  });
});
