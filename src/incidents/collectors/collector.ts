import type { IncidentJson } from '../incident/document.ts';

/**
 * Gathers what may explain an incident when it begins, such as a log or what a command prints, into a file of the
 * incident's folder. For collectors of one's own: whatever it does is bounded in time and size, its output is
 * redacted, and what it throws is told on the incident and harms nothing else. It runs in the process: one that blocks
 * the event loop cannot be bounded.
 */
export interface Collector {
  /** 1 to 64 characters of a-z, 0-9 and -. No two of a hub have the same. */
  readonly name: string;
  /** Name of its file: of a-z, 0-9 and -, with an extension, such as `log.txt`. No two of a hub have the same. */
  readonly file: string;
  /** How long it may take, in milliseconds. Default: `collectors.timeoutMs`, 10 000. */
  readonly timeoutMs?: number | undefined;
  /** How large its file may become, in bytes, before it is cut. Default: `collectors.maxBytes`, 1 000 000. */
  readonly maxBytes?: number | undefined;
  /** Gives what is to be in the file, beside what it wrote. */
  collect(context: CollectContext): Collected | Promise<Collected>;
}

/** What a collector may give: text, bytes of text in UTF-8, plain data for a JSON file, or nothing more. */
export type Collected = string | Uint8Array | { readonly json: unknown } | undefined;

/** What a collector is given. */
export interface CollectContext {
  /** The incident as it stands. */
  readonly incident: IncidentJson;
  /** Aborts when its time is up or the hub closes. */
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /**
   * Adds to its file. What was written is kept when its time ends before it does.
   *
   * @returns false once the file is full or its time is up: the rest is of no use
   */
  write(text: string | Uint8Array): boolean;
}
