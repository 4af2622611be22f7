/** A point of a drawing. */
export type Point = readonly [x: number, y: number];

/** Text that can stand in markup. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A line of text; `style` is its class. */
export function text(
  [x, y]: Point,
  style: string,
  content: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" class="${style}"${anchored}>${escaped(content)}</text>`;
}

export function rect([x, y]: Point, width: number, height: number, style: string, radius = 0): string {
  const rounded = radius === 0 ? '' : ` rx="${radius}"`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="${style}"${rounded}/>`;
}

export function line([x1, y1]: Point, [x2, y2]: Point, style: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${style}"/>`;
}

/** The area between two lines that run from left to right. */
export function area(upper: readonly Point[], lower: readonly Point[], style: string): string {
  return `<path d="M${pathOf([...upper, ...lower.toReversed()])}Z" class="${style}"/>`;
}

export function polyline(points: readonly Point[], style: string): string {
  return `<path d="M${pathOf(points)}" class="${style}"/>`;
}

function pathOf(points: readonly Point[]): string {
  return points.map(([x, y]) => `${round(x)} ${round(y)}`).join('L');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
