import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PictureData, pictureData } from '../../../examples/slo/picture/data.ts';
import { drawing } from '../../../examples/slo/picture/drawing.ts';

const images = new URL('../../../docs/images/', import.meta.url);

/** Sizes of the classes of text. */
const fontSizes: readonly (readonly [style: string, size: number])[] = [
  ['title', 20],
  ['name', 15],
  ['subtitle', 13],
  ['figure', 13],
];
const OTHER_FONT_SIZE = 12;
/** Mean width of a character, in font sizes. */
const CHARACTER_WIDTH = 0.53;

interface Box {
  readonly content: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** About where each line of text stands. */
function textBoxes(svg: string): readonly Box[] {
  const lines = svg.matchAll(
    /<text x="([^"]+)" y="([^"]+)" class="([^"]+)"(?: text-anchor="(\w+)")?>([^<]*)</g,
  );
  return [...lines].map(([, x, y, style = '', anchor, content = '']) => {
    const size = fontSizes.find(([name]) => name === style)?.[1] ?? OTHER_FONT_SIZE;
    const width = content.length * size * CHARACTER_WIDTH;
    const left = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
    return {
      content,
      left,
      right: left + width,
      top: Number(y) - 0.75 * size,
      bottom: Number(y) + 0.2 * size,
    };
  });
}

describe('the picture of the dashboard', () => {
  let data: PictureData;
  let svg = '';
  beforeAll(async () => {
    data = pictureData.parse(JSON.parse(await readFile(new URL('slo-dashboard.json', images), 'utf8')));
    svg = drawing(data);
  });

  it('is the one that is drawn from the data beside it', async () => {
    expect(await readFile(new URL('slo-dashboard.svg', images), 'utf8')).toBe(svg);
  });

  it('has a number at each place, and suits light and dark pages', () => {
    expect(svg).not.toMatch(/NaN|undefined|Infinity|null/);
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('lets no text lie on another, or outside', () => {
    const boxes = textBoxes(svg);
    expect(boxes.length).toBeGreaterThan(60);
    for (const [at, box] of boxes.entries()) {
      expect(box.left, box.content).toBeGreaterThanOrEqual(0);
      expect(box.right, box.content).toBeLessThanOrEqual(1200);
      const covered = boxes
        .slice(at + 1)
        .filter((other) => other.left < box.right && box.left < other.right)
        .filter((other) => other.top < box.bottom && box.top < other.bottom);
      expect(
        covered.map(({ content }) => content),
        box.content,
      ).toEqual([]);
    }
  });

  it('shows what happened: both circuits opened, calls were answered from the cache, budget went', () => {
    for (const policy of ['database', 'quotes']) {
      const circuit = data.circuits.find(({ labels }) => labels.policy === policy);
      expect(circuit?.values, policy).toContain(3);
      expect(circuit?.values.at(-1), policy).toBe(0);
      const availability = data.objectives.find(
        (each) => each.policy === policy && each.sli === 'availability',
      );
      expect(availability?.budgetLeft, policy).toBeLessThan(1);
    }
    const stale = data.callsByOutcome.find(({ labels }) => labels.outcome === 'fallback');
    expect(stale?.values.some((rate) => rate !== null && rate > 1)).toBe(true);
    expect(data.incidents.length).toBeGreaterThan(0);
  });
});
