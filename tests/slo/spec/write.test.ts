import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSpec } from '../../../src/slo/spec/read.ts';
import { writeSpec } from '../../../src/slo/spec/write.ts';
import { arbitrarySpec } from './arbitraries.ts';

describe('writeSpec()', () => {
  it('writes what readSpec() reads as the same spec', () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        expect(readSpec(writeSpec(spec))).toEqual(spec);
      }),
      { numRuns: 150 },
    );
  });
});
