import { datasource, type Panel, type Row } from './json.ts';

const COLUMNS = 24;
/** Ids of a row's panels begin at its own, so that a new panel renumbers none of another row. */
const IDS_PER_ROW = 100;

/** Puts panels in their places, row by row and from left to right, as Grafana has them: one flat list. */
export function laidOut(rows: readonly Row[]): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const [at, { title, panels }] of rows.entries()) {
    const id = (at + 1) * IDS_PER_ROW;
    placed.push({
      id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const [place, panel] of panels.entries()) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      placed.push(inPlace(panel, id + 1 + place, x, y));
      x += panel.width;
      lineHeight = Math.max(lineHeight, panel.height);
    }
    y += lineHeight;
  }
  return placed;
}

function inPlace({ type, title, description, width, height, body }: Panel, id: number, x: number, y: number) {
  const source = type === 'text' ? {} : { datasource };
  return { id, type, title, description, ...source, gridPos: { x, y, w: width, h: height }, ...body };
}
