/** Lines at most that are aligned by a full table when no line is unique to both sides. */
const MAX_CELLS = 1_000_000;

/**
 * Aligns two lists of lines: gives, for each of `a`, the index of its partner in `b`, or -1. Partners are equal and in
 * order. Anchors are lines that occur once on both sides (the patience diff of Bram Cohen); between two anchors the
 * longest common subsequence holds.
 */
export function align(a: readonly string[], b: readonly string[]): readonly number[] {
  const partners = new Array<number>(a.length).fill(-1);
  // Ranges that are left to align, as [from a, to a, from b, to b].
  const left: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  for (let range = left.pop(); range !== undefined; range = left.pop()) {
    let [fromA, toA, fromB, toB] = range;
    while (fromA < toA && fromB < toB && a[fromA] === b[fromB]) partners[fromA++] = fromB++;
    while (fromA < toA && fromB < toB && a[toA - 1] === b[toB - 1]) partners[--toA] = --toB;
    if (fromA === toA || fromB === toB) continue;
    const anchors = anchorsOf(a, b, fromA, toA, fromB, toB);
    if (anchors.length === 0) {
      alignFully(a, b, fromA, toA, fromB, toB, partners);
      continue;
    }
    let [startA, startB] = [fromA, fromB];
    for (const [anchorA, anchorB] of anchors) {
      partners[anchorA] = anchorB;
      left.push([startA, anchorA, startB, anchorB]);
      [startA, startB] = [anchorA + 1, anchorB + 1];
    }
    left.push([startA, toA, startB, toB]);
  }
  return partners;
}

/** Pairs of lines that occur once in both ranges, as the longest chain that is in order on both sides. */
function anchorsOf(
  a: readonly string[],
  b: readonly string[],
  fromA: number,
  toA: number,
  fromB: number,
  toB: number,
): readonly (readonly [number, number])[] {
  const onceInB = onceIn(b, fromB, toB);
  const pairs: (readonly [number, number])[] = [];
  for (const [line, indexA] of onceIn(a, fromA, toA)) {
    const indexB = onceInB.get(line);
    if (indexA >= 0 && indexB !== undefined && indexB >= 0) pairs.push([indexA, indexB]);
  }
  return longestChain(pairs.sort(([one], [other]) => one - other));
}

/** Where each line stands that occurs once; -1 for those that occur more often. */
function onceIn(lines: readonly string[], from: number, to: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let index = from; index < to; index += 1) {
    const line = lines[index] ?? '';
    found.set(line, found.has(line) ? -1 : index);
  }
  return found;
}

/** The longest subsequence whose second numbers increase, by patience sorting. */
function longestChain(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const tops: number[] = [];
  const before = new Array<number>(pairs.length).fill(-1);
  pairs.forEach(([, second], index) => {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[tops[middle] ?? -1]?.[1] ?? 0) < second) low = middle + 1;
      else high = middle;
    }
    before[index] = tops[low - 1] ?? -1;
    tops[low] = index;
  });
  const chain: (readonly [number, number])[] = [];
  for (let index = tops.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) {
    const pair = pairs[index];
    if (pair !== undefined) chain.push(pair);
  }
  return chain.reverse();
}

/** The longest common subsequence of what no anchor divides. Ranges that are too large stay without partners. */
function alignFully(
  a: readonly string[],
  b: readonly string[],
  fromA: number,
  toA: number,
  fromB: number,
  toB: number,
  partners: number[],
): void {
  const [height, width] = [toA - fromA, toB - fromB];
  if ((height + 1) * (width + 1) > MAX_CELLS) return;
  const lengths = new Uint32Array((height + 1) * (width + 1));
  const at = (row: number, column: number): number => lengths[row * (width + 1) + column] ?? 0;
  for (let row = height - 1; row >= 0; row -= 1) {
    for (let column = width - 1; column >= 0; column -= 1) {
      lengths[row * (width + 1) + column] =
        a[fromA + row] === b[fromB + column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  let [row, column] = [0, 0];
  while (row < height && column < width) {
    if (a[fromA + row] === b[fromB + column]) {
      partners[fromA + row] = fromB + column;
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
}
