import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { CollectContext } from '../../../src/incidents/collectors/collector.ts';
import { logCollector } from '../../../src/incidents/collectors/log.ts';
import { sampleIncident } from '../sample.ts';

const context: CollectContext = {
  incident: sampleIncident(),
  signal: new AbortController().signal,
  maxBytes: 1_000_000,
  write: () => true,
};

test('keeps the last lines that pino writes, beside where they went before', () => {
  const log = logCollector({ lines: 3 });
  const elsewhere: string[] = [];
  const logger = pino(
    { base: null, timestamp: false },
    pino.multistream([
      { stream: { write: (line: string) => void elsewhere.push(line) } },
      { stream: log.ring },
    ]),
  );
  for (let at = 1; at <= 5; at += 1) logger.info({ at }, 'line');
  logger.child({ part: 'child' }).warn('last');
  expect(elsewhere).toHaveLength(6);
  expect(log.collect(context)).toBe(
    '{"level":30,"at":4,"msg":"line"}\n{"level":30,"at":5,"msg":"line"}\n{"level":40,"part":"child","msg":"last"}',
  );
  expect(log.file).toBe('log.txt');
});

test('takes lines in any pieces, bounds each, and loses no character in between', () => {
  const { ring } = logCollector({ lines: 10, maxLineLength: 20 });
  const bytes = Buffer.from('naïve €\r\n');
  for (const byte of bytes) ring.write(Buffer.of(byte));
  ring.write('a\n\nb');
  ring.write(' and more');
  expect(ring.lines()).toEqual(['naïve €', 'a', 'b and more']);
  ring.write(`\n${'word '.repeat(1_000)}`);
  ring.write('x'.repeat(1_000_000));
  ring.write('\nend\n');
  expect(ring.lines().slice(3)).toEqual(['word word word word ...', 'end']);
});

test('taps a logger that has level methods only, its children too, and harms it in no way', () => {
  class OwnLogger {
    readonly #said: string[];
    readonly #name: string;

    constructor(name: string, said: string[]) {
      this.#name = name;
      this.#said = said;
    }

    info(fields: object, message: string): void {
      this.#said.push(`${this.#name} ${message} ${Object.keys(fields).join(',')}`);
    }

    error(fields: object, message: string): void {
      this.info(fields, message);
    }

    child(name: string): OwnLogger {
      return new OwnLogger(name, this.#said);
    }
  }
  const said: string[] = [];
  const { ring } = logCollector();
  const logger = ring.tap(new OwnLogger('root', said));
  logger.info({ id: 7, user: { deep: true } }, 'hello\nthere');
  logger.child('inner').error({ err: Object.assign(new Error('no'), { code: 'E1' }) }, 'failed');
  const hostile = Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('hostile');
    },
  });
  logger.info(hostile, 'still said');
  expect(said).toEqual(['root hello\nthere id,user', 'inner failed err', 'root still said x']);
  expect(ring.lines().map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'INFO hello there id=7 user={...}',
    'ERROR failed err="Error E1 no"',
  ]);
});
