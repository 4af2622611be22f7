import { decodeLine } from './entry.ts';
import type { Line } from './lines.ts';

/** How an entry of an incident begins, as `encodeEntry` writes it. */
const BEGINNING = /^\{"v":1,"writer":"[^"]*","seq":\d+,"incident":"([^"]+)","change":\{"type":"([a-z-]+)"/;
const BEGINNING_BYTES = 400;

/** What a line is about, without all of it being read; `undefined` where it is about no incident. */
function aboutOf({ bytes }: Line): { readonly incident: string; readonly type: string } | undefined {
  if (bytes === undefined) return undefined;
  const [, incident, type] = BEGINNING.exec(bytes.toString('latin1', 0, BEGINNING_BYTES)) ?? [];
  if (incident !== undefined && type !== undefined) return { incident, type };
  const { entry } = decodeLine(bytes);
  return entry !== undefined && 'incident' in entry
    ? { incident: entry.incident, type: entry.change.type }
    : undefined;
}

/** Which incidents of older months are to be read in whole, found without reading those months in whole. */
export class Glance {
  readonly #wanted = new Set<string>();
  readonly #begunLately = new Set<string>();

  /** Looks at a line of an older month: what began there and is not over is wanted. */
  older(line: Line): void {
    const about = aboutOf(line);
    if (about === undefined) return;
    const { incident, type } = about;
    if (type === 'detected' || type === 'reopened') this.#wanted.add(incident);
    else if (type === 'resolved' || type === 'closed') this.#wanted.delete(incident);
  }

  /** Looks at a line of a later month: what did not begin there is wanted, too. */
  later(line: Line): void {
    const about = aboutOf(line);
    if (about === undefined) return;
    if (about.type === 'detected') this.#begunLately.add(about.incident);
    else if (!this.#begunLately.has(about.incident)) this.#wanted.add(about.incident);
  }

  /** Whether a line of an older month is to be read: of a wanted incident, or of none. */
  wants(line: Line): boolean {
    const about = aboutOf(line);
    return about === undefined || this.#wanted.has(about.incident);
  }
}
