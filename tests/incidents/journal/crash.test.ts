import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldEntries } from '../../../src/incidents/incident/fold.ts';
import { decodeLine, type JournalEntry } from '../../../src/incidents/journal/entry.ts';
import { readJournal } from '../../../src/incidents/journal/read.ts';
import { seed } from '../../fast-check.ts';
import { seeded } from '../../seeded.ts';
import { bundle } from './bundle.ts';
import type { FromChild } from './crash-child.ts';

/** Journals, and how often an application that has one is killed. */
const CHAINS = 10;
const KILLS_PER_CHAIN = 20;
/** How many go on at once. */
const AT_ONCE = 3;

let folder = '';
let program = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'breakwater-crash-'));
  program = await bundle('crash-child.ts', folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Received {
  readonly id: string;
  readonly incident: string;
  readonly dedupKey: string;
  /** Whether what says that it is sent stood in the journal when it came. */
  readonly wasInJournal: boolean;
}

/** A receiver of webhooks that is now and then too busy. */
class Receiver {
  readonly received: Received[] = [];
  readonly #journal: () => string;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(journal: () => string, random: () => number) {
    this.#journal = journal;
    this.#random = random;
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const busy = this.#random() < 0.15;
        if (!busy) this.#take(String(request.headers['webhook-id']), Buffer.concat(pieces).toString());
        setTimeout(() => response.writeHead(busy ? 503 : 204).end(), this.#random() * 4);
      });
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://127.0.0.1:${address.port}/`;
  }

  /** Resolves once all that a dead process had sent has come in. */
  async settled(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => once(socket, 'close')));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(id: string, text: string): void {
    const body: { data: { dedupKey: string; incident: { id: string } } } = JSON.parse(text);
    const { dedupKey, incident } = body.data;
    const wasInJournal = this.#journal().includes(`"notification":"${id}"`);
    this.received.push({ id, incident: incident.id, dedupKey, wasInJournal });
  }
}

/** One application that is killed again and again. */
class Chain {
  readonly #directory: string;
  readonly #random: () => number;
  readonly acknowledged = new Map<string, number>();
  readonly receiver: Receiver;
  /** Where a torn record begins, and what is told of the file that ended with it. */
  readonly torn: { readonly line: number; readonly end: number }[] = [];
  readonly unexpected: string[] = [];
  readonly unreported: number[] = [];
  kills = 0;
  killsAtWork = 0;
  openAtEnd = -1;
  #url = '';

  constructor(directory: string, seed: number) {
    this.#directory = directory;
    this.#random = seeded(seed);
    this.receiver = new Receiver(
      () =>
        this.#files()
          .map(({ text }) => text.toString())
          .join(''),
      seeded(seed + 1),
    );
  }

  async run(kills: number): Promise<void> {
    this.#url = await this.receiver.listen();
    try {
      while (this.kills < kills) {
        await this.#killOne();
        await this.receiver.settled();
        this.#noteCut();
        if (this.#random() < 0.4) this.#tear();
      }
      await this.#finish();
    } finally {
      this.receiver.close();
    }
  }

  #start(): {
    readonly child: ChildProcess;
    readonly ready: Promise<boolean>;
    readonly exit: Promise<unknown>;
  } {
    const writer = Math.floor(this.#random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    const seed = String(Math.floor(this.#random() * 2 ** 32));
    const child = fork(program, [this.#directory, this.#url, writer, seed], { execArgv: [] });
    const reports: string[] = [];
    const ready = new Promise<boolean>((resolve) => {
      child.once('close', () => resolve(false));
      child.on('message', (message: FromChild) => {
        if (message.type === 'acknowledged') this.acknowledged.set(writer, message.seq);
        else if (message.type === 'finished') this.openAtEnd = message.open;
        else if (message.type === 'report') reports.push(message.text);
        else {
          this.#check(reports);
          resolve(true);
        }
        if (message.type === 'report' && !isAboutTorn(message.text)) this.unexpected.push(message.text);
      });
    });
    return { child, ready, exit: once(child, 'close') };
  }

  /** Each torn record is told of at each start. */
  #check(reports: readonly string[]): void {
    for (const { line, end } of this.torn) {
      if (!reports.some((text) => text.includes(`byte ${end} `) || text.includes(`(byte ${line})`))) {
        this.unreported.push(line);
      }
    }
  }

  async #killOne(): Promise<void> {
    const { child, ready, exit } = this.#start();
    const early = this.#random() < 0.15;
    const pause = new Promise((resolve) => setTimeout(resolve, this.#random() * (early ? 100 : 10)));
    if (early) await Promise.race([pause, ready]);
    else {
      await ready;
      await acknowledgements(child, Math.floor(this.#random() * 8));
      await pause;
    }
    child.kill('SIGKILL');
    const [, signal] = await exit.then((values) => (Array.isArray(values) ? values : []));
    if (signal !== 'SIGKILL') this.unexpected.push(`ended by itself: ${String(signal)}`);
    this.kills += 1;
    if (!early) this.killsAtWork += 1;
  }

  async #finish(): Promise<void> {
    const { child, ready, exit } = this.#start();
    await ready;
    child.send('finish');
    await exit;
  }

  /** The kill itself may have cut a write of several pages short. */
  #noteCut(): void {
    const last = this.#files().at(-1);
    if (last === undefined || last.text.length === 0 || last.text.at(-1) === 0x0a) return;
    const line = last.text.lastIndexOf(0x0a) + 1;
    // A process that was killed before it repaired what it found leaves that as it was.
    if (this.torn.some((known) => known.line === line)) return;
    // Where only the last newline is missing, the record is whole.
    if (decodeLine(last.text.subarray(line)).entry !== undefined) return;
    this.torn.push({ line, end: last.text.length });
  }

  /** Leaves behind what a power failure may: a last record in part, where nobody was told that it is on disk. */
  #tear(): void {
    const last = this.#files().at(-1);
    if (last === undefined || last.text.length < 100 || last.text.at(-1) !== 0x0a) return;
    const { path, text } = last;
    const begin = text.lastIndexOf(0x0a, text.length - 2) + 1;
    const { entry } = decodeLine(text.subarray(begin, -1));
    if (entry === undefined) return;
    const isPromised =
      entry.seq <= (this.acknowledged.get(entry.writer) ?? 0) ||
      this.receiver.received.some(({ id }) => isAbout(entry, id));
    const length = 2 + Math.floor(this.#random() * (text.length - begin - 4));
    if (isPromised) appendFileSync(path, text.subarray(begin, begin + length));
    else truncateSync(path, begin + length);
    const end = statSync(path).size;
    this.torn.push({ line: end - length, end });
  }

  #files(): { readonly path: string; readonly text: Buffer }[] {
    return readdirSync(this.#directory)
      .filter((name) => name.startsWith('journal-'))
      .sort()
      .map((name) => join(this.#directory, name))
      .map((path) => ({ path, text: readFileSync(path) }));
  }
}

/** Resolves once the program has told so often that entries are on disk, or after a while that even a busy machine keeps. */
function acknowledgements(child: ChildProcess, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    if (left === 0) return resolve();
    const longest = setTimeout(resolve, 30_000);
    child.on('message', (message: FromChild) => {
      if (message.type === 'acknowledged') left -= 1;
      if (left > 0) return;
      clearTimeout(longest);
      resolve();
    });
  });
}

function isAbout(entry: JournalEntry, notification: string): boolean {
  return 'change' in entry && entry.change.type === 'notifying' && entry.change.notification === notification;
}

function isAboutTorn(text: string): boolean {
  return (
    / ended at byte \d+ within a line/.test(text) || / is not JSON/.test(text) || /^and \d+ more$/.test(text)
  );
}

describe('an application that is killed at any moment', () => {
  it(`loses nothing, ${CHAINS * KILLS_PER_CHAIN} times`, async () => {
    const chains = Array.from({ length: CHAINS }, (_, at) => {
      const directory = mkdtempSync(join(folder, 'journal-'));
      return { directory, chain: new Chain(directory, seed + at * 7_919) };
    });
    const waiting = [...chains];
    const runNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await next.chain.run(KILLS_PER_CHAIN);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runNext));
    for (const { chain, directory } of chains) await expectNothingLost(chain, directory);
    expect(chains.reduce((sum, { chain }) => sum + chain.kills, 0)).toBeGreaterThanOrEqual(200);
  }, 600_000);
});

async function expectNothingLost(chain: Chain, directory: string): Promise<void> {
  const { entries, problems } = await readJournal(directory);
  const { received } = chain.receiver;
  expect(chain.unexpected).toEqual([]);
  expect(chain.openAtEnd).toBe(0);

  const there = new Set(entries.map(({ writer, seq }) => `${writer} ${seq}`));
  const promised = [...chain.acknowledged].flatMap(([writer, last]) =>
    Array.from({ length: last }, (_, at) => `${writer} ${at + 1}`),
  );
  expect(promised.length).toBeGreaterThan(chain.killsAtWork);
  expect(promised.filter((name) => !there.has(name))).toEqual([]);

  const changes = entries.flatMap((entry) => ('change' in entry ? [entry] : []));
  const detected = changes.flatMap(({ change }) => (change.type === 'detected' ? [change] : []));
  const keys = new Map(detected.map(({ id, dedupKey }) => [id, dedupKey]));
  expect(keys.size).toBe(detected.length);
  expect(changes.filter(({ incident }) => !keys.has(incident))).toEqual([]);

  const notifying = new Map(
    changes.flatMap(({ incident, change }) =>
      change.type === 'notifying' ? [[change.notification, incident] as const] : [],
    ),
  );
  expect(notifying.size).toBeGreaterThan(10);
  expect(received.filter(({ wasInJournal }) => !wasInJournal)).toEqual([]);
  expect(received.filter(({ id, incident }) => notifying.get(id) !== incident)).toEqual([]);
  expect(received.filter(({ incident, dedupKey }) => keys.get(incident) !== dedupKey)).toEqual([]);
  const arrived = new Set(received.map(({ id }) => id));
  expect([...notifying.keys()].filter((id) => !arrived.has(id))).toEqual([]);

  expect(chain.torn.length).toBeGreaterThan(0);
  expect(chain.unreported).toEqual([]);
  const unreadable = problems.map((text) => Number(/\(byte (\d+)\)/.exec(text)?.[1]));
  expect(unreadable).toEqual(chain.torn.map(({ line }) => line));

  const incidents = foldEntries(entries).map((record) => record.toJSON());
  expect(incidents.length).toBe(detected.length);
  expect(incidents.filter(({ status }) => status !== 'resolved')).toEqual([]);
  const unsettled = incidents.flatMap(({ notifications }) =>
    notifications.filter(({ sinks }) => sinks.some(({ result }) => result === null)),
  );
  expect(unsettled).toEqual([]);
}
