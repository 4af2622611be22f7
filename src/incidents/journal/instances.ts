import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { monotonicNow, wallNow } from '../../core/clock.ts';
import { errorCode, FILE_MODE, FOLDER_MODE } from './disk.ts';
import { isRunning, type ProcessIdentity, processIdentity } from './process-identity.ts';

/** How often a process shows that it lives. */
export const HEARTBEAT_MS = 15_000;

/** For how long a process whose state cannot be looked up is taken to live after it last showed it. */
const SILENT_MS = 120_000;

/** For how long its file must stay as it is while it is watched: a clock that jumped makes nobody dead. */
const WATCHED_MS = 2 * HEARTBEAT_MS;

/** How many writers are remembered that went silent, or that were taken over. */
const MAX_REMEMBERED = 1_000;

/** For how long the file of one is kept that shows no life. */
const KEPT_MS = 7 * 86_400_000;

/** For how long it is kept who took over: by then it stands in the journal. */
const KEPT_CLAIM_MS = 86_400_000;

/** How many claims are kept of one writer: a name may be free again only when nobody tries to take it any more. */
const KEPT_CLAIMS = 8;

const presence = processIdentity.extend({ v: z.literal(1), writer: z.string() });

/**
 * Who writes the journal, as files of `<directory>/instances`.
 *
 * `<writer>.json` says which process the writer is, and its time of change when it last showed that it lives.
 * `<writer>.taken-<n>` says who took over what it tended: a hard link, since making one fails where the name is taken, so
 * that of several that try one succeeds, and it is there with its content or not at all. Should who took over die too, the
 * next takes `n + 1`.
 */
export class Instances {
  readonly #folder: string;
  readonly #writer: string;
  readonly #here: ProcessIdentity;
  #lastClaims: ReadonlyMap<string, number> | undefined;
  readonly #mine = new Set<string>();
  readonly #silent = new Map<string, { readonly changed: number; readonly since: number }>();

  constructor(directory: string, writer: string, here: ProcessIdentity) {
    this.#folder = join(directory, 'instances');
    this.#writer = writer;
    this.#here = here;
  }

  /** Shows that this process lives, at the start. */
  enterNow(): void {
    mkdirSync(this.#folder, { recursive: true, mode: FOLDER_MODE });
    // Renamed into its place, so that nobody finds it in part, not even when this process dies here.
    writeFileSync(this.#ownDraft, this.#card(), { mode: FILE_MODE });
    renameSync(this.#ownDraft, this.#own);
    this.#sweep();
  }

  /** Shows that this process still lives, or lives at all where its file is gone. */
  async beat(): Promise<void> {
    const seconds = wallNow() / 1_000;
    try {
      await utimes(this.#own, seconds, seconds);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
      await writeFile(this.#ownDraft, this.#card(), { mode: FILE_MODE });
      await rename(this.#ownDraft, this.#own);
    }
  }

  /** This process writes no more. */
  async leave(): Promise<void> {
    await rm(this.#own, { force: true });
  }

  /** Takes over what `writer` tended; false where it lives, or who took it over does. */
  adopt(writer: string): boolean {
    if (writer === this.#writer || this.#mine.has(writer)) return true;
    const taken = this.#claims().get(writer);
    const by = taken === undefined ? undefined : this.#readClaim(writer, taken);
    if (by !== this.#writer) {
      if (this.#lives(by ?? writer)) return false;
      const next = (taken ?? 0) + 1;
      if (!this.#claim(this.#claimOf(writer, next))) return false;
      rmSync(this.#claimOf(writer, next - KEPT_CLAIMS), { force: true });
      rmSync(this.#cardOf(writer), { force: true });
    }
    if (this.#mine.size >= MAX_REMEMBERED) this.#mine.clear();
    this.#mine.add(writer);
    return true;
  }

  get #own(): string {
    return this.#cardOf(this.#writer);
  }

  get #ownDraft(): string {
    return `${this.#own}.draft`;
  }

  #cardOf(writer: string): string {
    return join(this.#folder, `${writer}.json`);
  }

  #card(): string {
    return `${JSON.stringify({ v: 1, writer: this.#writer, ...this.#here })}\n`;
  }

  #claimOf(writer: string, number: number): string {
    return join(this.#folder, `${writer}.taken-${number}`);
  }

  /** The number of the last claim on what each writer tended. Looked up once for all that is asked in one turn. */
  #claims(): ReadonlyMap<string, number> {
    if (this.#lastClaims !== undefined) return this.#lastClaims;
    const claims = new Map<string, number>();
    for (const name of readdirSync(this.#folder)) {
      const [, writer, digits] = /^(.+)\.taken-(\d{1,9})$/.exec(name) ?? [];
      if (writer === undefined) continue;
      claims.set(writer, Math.max(claims.get(writer) ?? 0, Number(digits)));
    }
    this.#lastClaims = claims;
    queueMicrotask(() => {
      this.#lastClaims = undefined;
    });
    return claims;
  }

  /** Whose claim it is; nobody's where it was removed since, because there are many later ones. */
  #readClaim(writer: string, number: number): string {
    try {
      return readFileSync(this.#claimOf(writer, number), 'utf8').trim();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    }
  }

  /** Takes a name that nobody has, with this writer's name in it. */
  #claim(path: string): boolean {
    const draft = join(this.#folder, `${this.#writer}.draft`);
    writeFileSync(draft, `${this.#writer}\n`, { mode: FILE_MODE });
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? '')) throw error;
      return createWithoutLinks(path, this.#writer);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Whether the writer's process lives. One that has no file has closed, or was a command. */
  #lives(writer: string): boolean {
    let changed: number;
    let card: ProcessIdentity | undefined;
    try {
      const path = this.#cardOf(writer);
      changed = statSync(path).mtimeMs;
      card = readCard(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
    return (card && isRunning(card, this.#here)) ?? !this.#wentSilent(writer, changed);
  }

  /** Whether its file did not change for long, and not while it was watched either. */
  #wentSilent(writer: string, changed: number): boolean {
    if (Math.abs(wallNow() - changed) <= SILENT_MS) {
      this.#silent.delete(writer);
      return false;
    }
    const known = this.#silent.get(writer);
    if (known?.changed === changed) return monotonicNow() - known.since >= WATCHED_MS;
    if (this.#silent.size >= MAX_REMEMBERED) this.#silent.clear();
    this.#silent.set(writer, { changed, since: monotonicNow() });
    return false;
  }

  /** Removes what nobody asks for any more. Who has no file is dead, so nothing is lost with the file of a dead one. */
  #sweep(): void {
    for (const name of readdirSync(this.#folder)) {
      const kind = /\.(taken-\d{1,9}|draft|json)$/.exec(name)?.[1];
      if (kind === undefined) continue;
      const path = join(this.#folder, name);
      try {
        const keptMs = kind === 'json' ? KEPT_MS : KEPT_CLAIM_MS;
        const old = wallNow() - statSync(path).mtimeMs > keptMs;
        if (old || (kind === 'json' && path !== this.#own && this.#isDead(path)))
          rmSync(path, { force: true });
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
    }
  }

  #isDead(path: string): boolean {
    const card = readCard(path);
    return card !== undefined && isRunning(card, this.#here) === false;
  }
}

/** For file systems that have no hard links. */
function createWithoutLinks(path: string, writer: string): boolean {
  try {
    writeFileSync(path, `${writer}\n`, { mode: FILE_MODE, flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** `undefined` where the file is damaged. */
function readCard(path: string): ProcessIdentity | undefined {
  try {
    return presence.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw error;
    return undefined;
  }
}
