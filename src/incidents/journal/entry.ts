import { z } from 'zod';
import { type IncidentChange, incidentChange } from '../incident/changes/change.ts';
import { type HubChange, hubChange } from '../manager/hub-change.ts';

/** What an entry says: a change of an incident, or one of the hub. */
export type JournalBody =
  | { readonly incident: string; readonly change: IncidentChange }
  | { readonly hub: HubChange };

/** One record of the journal. `seq` ascends by writer, from 1; the two together name the entry. */
export type JournalEntry = JournalBody & { readonly v: 1; readonly writer: string; readonly seq: number };

/** The longest record, in bytes, its line feeds not counted. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** A name that is also a file's: of an incident or a writer. */
const fileName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/);

const version = z.object({ v: z.number() });
const named = { v: z.literal(1), writer: fileName, seq: z.number().int().min(1) };
const entrySchema = z.union([
  z.object({ ...named, incident: fileName, change: incidentChange }),
  z.object({ ...named, hub: hubChange }),
]);

/** Whether an incident or a writer may have that name in the journal. */
export function isJournalName(name: string): boolean {
  return fileName.safeParse(name).success;
}

/** The record of an entry: a line of its own, whatever stands before it in the file. */
export function encodeEntry(writer: string, seq: number, body: JournalBody): Buffer {
  const json = JSON.stringify({ v: 1, writer, seq, ...body }, withoutNonFinite);
  const record = Buffer.from(`\n${json}\n`);
  if (record.length - 2 > MAX_RECORD_BYTES) throw new Error(`it is longer than ${MAX_RECORD_BYTES} bytes`);
  const problem = decodeLine(record.subarray(1, -1)).problem;
  if (problem !== undefined) throw new Error(problem);
  return record;
}

/** JSON makes `null` of them, which no field takes. */
function withoutNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}

/** What a line holds: an entry, or what is wrong with it; neither where it is blank. */
export interface Decoded {
  readonly entry?: JournalEntry;
  readonly problem?: string;
}

/** A byte order mark is passed over. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a line, without its line feed. */
export function decodeLine(line: Uint8Array): Decoded {
  let text: string;
  try {
    text = utf8.decode(line);
  } catch {
    return { problem: 'is not UTF-8' };
  }
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = /__proto__|\\u/.test(text) ? JSON.parse(text, withoutProto) : JSON.parse(text);
  } catch {
    return { problem: 'is not JSON, as a record is that was cut off while it was written' };
  }
  const parsed = entrySchema.safeParse(value);
  if (parsed.success) return { entry: parsed.data };
  return { problem: `is no entry: ${whyNoEntry(value, parsed.error)}` };
}

function withoutProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function whyNoEntry(value: unknown, error: z.ZodError): string {
  const { data } = version.safeParse(value);
  if (data === undefined) return "it has no version 'v'";
  if (data.v !== 1) return `its version is ${data.v}, and this one reads 1`;
  const type = z.looseObject({ change: z.object({ type: z.string() }) }).safeParse(value).data?.change.type;
  const [issue] = error.issues;
  const nearest =
    issue?.code === 'invalid_union'
      ? [...issue.errors].sort((a, b) => deepest(b) - deepest(a))[0]?.[0]
      : issue;
  const where = nearest?.path.join('.') ?? '';
  return `${type === undefined ? '' : `'${type.slice(0, 40)}', `}${where}: ${nearest?.message ?? error.message}`;
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(...issues.map(({ path }) => path.length));
}
