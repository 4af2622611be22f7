import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Delivery } from '../../src/incidents/delivery.ts';
import { incidentSchema } from '../../src/incidents/options.ts';
import { type Sink, type SinkContext, SinkError } from '../../src/incidents/sink.ts';
import type { Delivered, Queued } from '../../src/incidents/sink-queue.ts';
import { fc } from '../fast-check.ts';
import { RecordingLogger, settle } from './fixtures.ts';

type Kind = 'opened' | 'updated' | 'resolved';

/** A message whose `id` says all: its subject and what it tells. */
function message(kind: Kind, subject = 'a', id = `${subject} ${kind}`): Queued {
  return {
    id,
    policy: subject,
    subject,
    expendable: kind === 'updated',
    mergeable: kind === 'updated',
    lasts: kind !== 'resolved',
    isFor: () => true,
    send: (sink, context) => Reflect.apply(sink.send, sink, [{ id }, context]),
  };
}

interface Sent extends Pick<SinkContext, 'attempt' | 'merged' | 'repeat'> {
  readonly id: string;
  readonly at: number;
}

const deliveries: Delivery<Queued>[] = [];

/** A delivery to one sink, with everything that it does. */
function delivery(
  about: Pick<Sink, 'pace' | 'repeatMs'>,
  answer: (sent: Sent, signal: AbortSignal) => unknown = () => undefined,
) {
  const start = performance.now();
  const sent: Sent[] = [];
  const ended: Delivered<Queued>[] = [];
  const logger = new RecordingLogger();
  const sink: Sink = {
    ...about,
    name: 'vendor',
    send: async ({ id }, { attempt, merged, repeat, signal }) => {
      const at = Math.round(performance.now() - start);
      const one = { id, at, attempt, merged, repeat };
      sent.push(one);
      await answer(one, signal);
    },
  };
  const settings = {
    deliveryTimeoutMs: 15_000,
    maxDeliveryRetries: 2,
    deliveryBaseDelayMs: 100,
    deliveryMaxDelayMs: 1_000,
    maxQueuedNotifications: 100,
  };
  const made = new Delivery<Queued>([sink], settings, logger, (one) => ended.push(one));
  deliveries.push(made);
  return { delivery: made, sent, ended, logger, ids: () => sent.map(({ id }) => id) };
}

const never = () => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  const closing = Promise.all(deliveries.splice(0).map((each) => each.close(1_000)));
  await vi.advanceTimersByTimeAsync(1_000);
  await closing;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a sink with a pace', () => {
  it('is tried no more often than that, whatever the messages are about', async () => {
    const { delivery: to, sent } = delivery({ pace: { messages: 2, perMs: 1_000 } });
    for (const subject of ['a', 'b', 'c', 'd', 'e']) to.send(message('opened', subject));
    await vi.advanceTimersByTimeAsync(2_500);
    expect(sent.map(({ at }) => at)).toEqual([0, 0, 1_000, 1_000, 2_000]);
  });

  it('is tried again no sooner either', async () => {
    const { delivery: to, sent } = delivery({ pace: { messages: 1, perMs: 5_000 } }, ({ attempt }) => {
      if (attempt === 1) throw new Error('down');
    });
    to.send(message('opened'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent.map(({ at }) => at)).toEqual([0, 5_000]);
  });

  it('gets the latest of the updates that wait in a row, which says how many it stands for', async () => {
    const { delivery: to, sent, ended } = delivery({ pace: { messages: 1, perMs: 1_000 } });
    to.send(message('opened'));
    for (const id of ['u1', 'u2', 'u3']) to.send(message('updated', 'a', id));
    to.send(message('resolved'));
    to.send(message('updated', 'a', 'u4'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toMatchObject([
      { id: 'a opened', merged: 0 },
      { id: 'u3', merged: 2 },
      { id: 'a resolved', merged: 0 },
      { id: 'u4', merged: 0 },
    ]);
    expect(ended.map(({ message: { id }, result, mergedInto }) => [id, result, mergedInto])).toEqual([
      ['a opened', 'delivered', undefined],
      ['u1', 'dropped', 'u3'],
      ['u2', 'dropped', 'u3'],
      ['u3', 'delivered', undefined],
      ['a resolved', 'delivered', undefined],
      ['u4', 'delivered', undefined],
    ]);
  });

  it('keeps its pace while it is closed', async () => {
    const { delivery: to, sent, ended } = delivery({ pace: { messages: 1, perMs: 1_000 } });
    for (const subject of ['a', 'b', 'c', 'd']) to.send(message('opened', subject));
    const closing = to.close(2_500);
    await vi.advanceTimersByTimeAsync(2_500);
    await closing;
    expect(sent.map(({ at }) => at)).toEqual([0, 1_000, 2_000]);
    expect(ended.map(({ result }) => result)).toEqual(['delivered', 'delivered', 'delivered', 'dropped']);
  });

  it('loses nothing that opened or resolved, keeps the order, and ends each message once', async () => {
    const kinds = fc.constantFrom<Kind>('opened', 'updated', 'updated', 'updated', 'resolved');
    const step = fc.record({ kind: kinds, subject: fc.constantFrom('a', 'b', 'c'), waitMs: fc.nat(900) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { delivery: to, ended, ids } = delivery({ pace: { messages: 1, perMs: 300 } });
        const pushed: Queued[] = [];
        for (const [nth, { kind, subject, waitMs }] of steps.entries()) {
          const one = message(kind, subject, `${subject} ${nth} ${kind}`);
          pushed.push(one);
          to.send(one);
          await vi.advanceTimersByTimeAsync(waitMs);
        }
        await vi.advanceTimersByTimeAsync(20_000);
        for (const subject of ['a', 'b', 'c']) {
          const of = (list: readonly string[]) => list.filter((id) => id.startsWith(subject));
          const kept = new Set(of(ids()));
          expect(of(ids())).toEqual(of(pushed.map(({ id }) => id)).filter((id) => kept.has(id)));
          expect(
            of(pushed.map(({ id }) => id)).filter((id) => !id.endsWith('updated') && !kept.has(id)),
          ).toEqual([]);
        }
        expect(ended.map(({ message: { id } }) => id).sort()).toEqual(pushed.map(({ id }) => id).sort());
      }),
      { numRuns: 40 },
    );
  });
});

describe('a pace and an interval', () => {
  it.each([
    [{ pace: { messages: 0, perMs: 1_000 } }, 'pace'],
    [{ pace: { messages: 1, perMs: Number.NaN } }, 'pace'],
    [{ repeatMs: 0 }, 'repeatMs'],
    [{ repeatMs: Number.POSITIVE_INFINITY }, 'repeatMs'],
  ])('%j is refused', (wrong, key) => {
    const sink = { name: 'vendor', send: () => undefined };
    expect(incidentSchema.safeParse({ sinks: [sink] }).success).toBe(true);
    const { error } = incidentSchema.safeParse({ sinks: [{ ...sink, ...wrong }] });
    expect(error?.issues.map(({ path }) => path)).toEqual([['sinks', 0, key]]);
  });
});

describe('a sink without a pace', () => {
  it('gets every update', async () => {
    const { delivery: to, ids } = delivery({});
    to.send(message('opened'));
    for (const id of ['u1', 'u2']) to.send(message('updated', 'a', id));
    await settle();
    expect(ids()).toEqual(['a opened', 'u1', 'u2']);
  });
});

describe('a sink that wants repeats', () => {
  it('gets the last message again for as long as its subject lasts, unreported', async () => {
    const { delivery: to, sent, ended } = delivery({ repeatMs: 60_000 });
    to.send(message('opened'));
    await vi.advanceTimersByTimeAsync(150_000);
    to.send(message('updated'));
    await vi.advanceTimersByTimeAsync(60_000);
    to.send(message('resolved'));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent.map(({ id, at, repeat }) => [id, at, repeat])).toEqual([
      ['a opened', 0, false],
      ['a opened', 60_000, true],
      ['a opened', 120_000, true],
      ['a updated', 150_000, false],
      ['a updated', 210_000, true],
      ['a resolved', 210_000, false],
    ]);
    expect(ended).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gets none once it is closed', async () => {
    const { delivery: to, sent } = delivery({ repeatMs: 60_000 });
    to.send(message('opened'));
    await settle();
    await to.close(1_000);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(1);
  });

  it('fails in a row with one line in the log, and brings in what could not be delivered', async () => {
    let up = true;
    const {
      delivery: to,
      sent,
      ended,
      logger,
    } = delivery({ repeatMs: 60_000 }, () => {
      if (!up) throw new Error('refused by https://u:pw@vendor.example');
    });
    to.send(message('opened'));
    await settle();
    up = false;
    await vi.advanceTimersByTimeAsync(300_000);
    expect(logger.lines).toMatchObject([
      { level: 'warn', fields: { sink: 'vendor', notification: 'a opened', error: { name: 'SinkError' } } },
    ]);
    expect(JSON.stringify(logger.lines)).not.toContain('pw@');
    to.send(message('updated'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ended.map(({ result }) => result)).toEqual(['delivered', 'failed']);
    up = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent.at(-1)).toMatchObject({ id: 'a updated', repeat: true });
    up = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(logger.lines).toHaveLength(2);
  });

  it('does not get again what it refused for good', async () => {
    const { delivery: to, sent } = delivery({ repeatMs: 60_000 }, ({ id }) => {
      if (id === 'a opened') throw new SinkError('HTTP 400', 'permanent');
    });
    to.send(message('opened'));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sent).toHaveLength(1);
    to.send(message('updated'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(3);
  });

  it('is not told of an end while a repeat is under way, which would undo it', async () => {
    let release: (value?: unknown) => void = () => {};
    const { delivery: to, ids } = delivery({ repeatMs: 60_000 }, ({ repeat }) =>
      repeat === true ? new Promise((resolve) => (release = resolve)) : undefined,
    );
    to.send(message('opened'));
    to.send(message('opened', 'b'));
    await vi.advanceTimersByTimeAsync(60_000);
    to.send(message('resolved'));
    to.send(message('opened', 'c'));
    await settle();
    expect(ids()).toEqual(['a opened', 'b opened', 'a opened', 'b opened', 'c opened']);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(ids().at(-1)).toBe('a resolved');
    release();
    await vi.advanceTimersByTimeAsync(45_000);
    expect(ids().filter((id) => id === 'a opened')).toHaveLength(2);
  });

  it('is left alone for its Retry-After, and paced, by repeats too', async () => {
    const { delivery: to, sent } = delivery(
      { repeatMs: 10_000, pace: { messages: 1, perMs: 3_000 } },
      ({ repeat, at }) => {
        if (repeat === true && at < 30_000) throw new SinkError('HTTP 429', 'transient', 60_000);
      },
    );
    to.send(message('opened'));
    to.send(message('opened', 'b'));
    await vi.advanceTimersByTimeAsync(75_000);
    expect(sent.map(({ id, at }) => [id, at])).toEqual([
      ['a opened', 0],
      ['b opened', 3_000],
      ['a opened', 10_000],
      ['b opened', 70_000],
      ['a opened', 73_000],
    ]);
  });

  it('takes up the repeating of what an earlier process told', async () => {
    const { delivery: to, sent, ended } = delivery({ repeatMs: 60_000 });
    to.resume(message('opened'));
    to.resume(message('resolved', 'b'));
    await vi.advanceTimersByTimeAsync(60_002);
    expect(sent.map(({ id, repeat }) => [id, repeat])).toEqual([
      ['a opened', true],
      ['a opened', true],
    ]);
    expect(ended).toEqual([]);
    const plain = delivery({});
    plain.delivery.resume(message('opened'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(plain.sent).toEqual([]);
  });

  it('gives up a repeat that hangs, and flush does not wait for it', async () => {
    const { delivery: to } = delivery({ repeatMs: 60_000 }, ({ repeat }) =>
      repeat === true ? never() : undefined,
    );
    to.send(message('opened'));
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(to.flush(1)).resolves.toBe(true);
    const closing = to.close(1_000);
    await closing;
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });
});
