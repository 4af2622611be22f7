import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IncidentManager } from '../../src/incidents/manager.ts';
import type { IncidentOptions } from '../../src/incidents/options.ts';
import { type Receipt, SinkError } from '../../src/incidents/sink.ts';
import { Harness, RecordingSink, resolveByHand, settle } from './fixtures.ts';

const never = (): Promise<Receipt> => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a sink that is down', () => {
  it('is tried again with growing waits, with the same message, until it is back', async () => {
    let up = false;
    const sink = new RecordingSink('pager', () => {
      if (!up) throw new Error('ECONNREFUSED');
      return { detail: 'HTTP 202' };
    });
    const { harness, manager, resolveNow } = opened({ sinks: [sink] });
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000);
    expect(sink.tries.length).toBe(4);
    up = true;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(sink.kinds()).toEqual(['opened']);
    expect(new Set(sink.tries.map(({ id }) => id)).size).toBe(1);
    expect(sink.tries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    const waits = sink.tries.slice(1).map(({ at }, before) => at - (sink.tries[before]?.at ?? 0));
    for (const [retry, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** retry);
      expect(wait).toBeLessThanOrEqual(1_000 * 2 ** retry + 1);
    }
    expect(harness.texts()).toContain('pager: opened delivered after 5 tries (HTTP 202)');
    expect(harness.notified).toEqual([{ sink: 'pager', result: 'delivered' }]);
    resolveNow();
    await settle();
    await manager.close();
  });

  it('is given up after the retries, which is counted, reported, logged and on the timeline', async () => {
    const sink = new RecordingSink('pager', () => {
      throw new Error('refused by https://u:pw@pager.example/x?key=abc');
    });
    const { harness, manager, resolveNow } = opened({ sinks: [sink], maxDeliveryRetries: 2 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sink.tries).toHaveLength(3);
    expect(harness.notified).toEqual([{ sink: 'pager', result: 'failed' }]);
    expect(harness.reports).toMatchObject([{ policy: 'database', component: 'sink' }]);
    expect(harness.logger.lines).toMatchObject([
      { level: 'error', fields: { sink: 'pager', tries: 3, error: { name: 'SinkError' } } },
    ]);
    expect(harness.texts().join()).toContain('pager: opened could not be delivered after 3 tries');
    expect(JSON.stringify([harness.logger.lines, harness.texts()])).not.toMatch(/pw@|key=abc/);
    sink.tries.length = 0;
    resolveNow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sink.tries).toHaveLength(3);
    await manager.close();
  });

  it('is not asked again what it will not take', async () => {
    const sink = new RecordingSink('pager', () => {
      throw new SinkError('HTTP 400', 'permanent');
    });
    const { harness, manager } = opened({ sinks: [sink] });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sink.tries).toHaveLength(1);
    expect(harness.notified).toEqual([{ sink: 'pager', result: 'failed' }]);
    await manager.close();
  });

  it('is used no further when it says that it is gone', async () => {
    const sink = new RecordingSink('pager', () => {
      throw new SinkError('HTTP 410', 'gone');
    });
    const { harness, manager, resolveNow } = opened({ sinks: [sink] });
    await settle();
    resolveNow();
    await settle();
    expect(sink.tries).toHaveLength(1);
    expect(harness.notified.map(({ result }) => result)).toEqual(['failed', 'dropped']);
    expect(harness.texts().at(-1)).toBe('pager: resolved dropped (HTTP 410)');
    await manager.close();
  });
});

describe('a sink that asks to be left alone', () => {
  it('gets nothing before its Retry-After is over, about any incident', async () => {
    let answers = 0;
    const sink = new RecordingSink('pager', () => {
      answers += 1;
      if (answers === 1) throw new SinkError('HTTP 429', 'transient', 120_000);
      return { detail: 'HTTP 200' };
    });
    const { harness, manager } = opened({ sinks: [sink] });
    await settle();
    harness.policy('other').move('open');
    await vi.advanceTimersByTimeAsync(119_999);
    expect(sink.tries).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sink.got.map(({ incident }) => incident.policy).sort()).toEqual(['database', 'other']);
    await manager.close();
  });

  it('is believed for a day at most', async () => {
    const sink = new RecordingSink('pager', (_notification, { attempt }) => {
      if (attempt === 1) throw new SinkError('HTTP 429', 'transient', Number.MAX_VALUE);
      return { detail: 'HTTP 200' };
    });
    const { manager } = opened({ sinks: [sink], reviewMs: 3_600_000 });
    await vi.advanceTimersByTimeAsync(86_400_000 - 1);
    expect(sink.tries).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sink.kinds()).toEqual(['opened']);
    await closeWithin(manager, 5_000);
  });
});

describe('a sink that hangs', () => {
  it('is given up in time, told so, and holds up no other sink', async () => {
    const signals: AbortSignal[] = [];
    const hung = new RecordingSink('hung', (_notification, { signal }) => {
      signals.push(signal);
      return never();
    });
    const fine = new RecordingSink('fine');
    const { harness, manager, resolveNow } = opened({ sinks: [hung, fine], maxDeliveryRetries: 1 });
    await settle();
    resolveNow();
    await settle();
    expect(fine.kinds()).toEqual(['opened', 'resolved']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(signals[0]?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(harness.notified.filter(({ sink }) => sink === 'hung').map(({ result }) => result)).toEqual([
      'failed',
      'failed',
    ]);
    expect(harness.texts().join()).toContain(
      'hung: opened could not be delivered after 2 tries (no answer within 15000 ms)',
    );
    await manager.close();
  });

  it('holds up its own messages about one incident, in order, and not those about others', async () => {
    const release: ((receipt: Receipt) => void)[] = [];
    const sink = new RecordingSink('slow', ({ incident }) =>
      incident.policy === 'database' ? new Promise((resolve) => release.push(resolve)) : { detail: 'ok' },
    );
    const { harness, manager, resolveNow } = opened({ sinks: [sink] });
    resolveNow();
    await settle();
    harness.policy('other').move('open');
    await settle();
    expect(sink.got.map(({ incident }) => incident.policy)).toEqual(['other']);
    expect(release).toHaveLength(1);
    release[0]?.({ detail: 'ok' });
    await settle();
    release[1]?.({ detail: 'ok' });
    await settle();
    expect(sink.got.filter(({ incident }) => incident.policy === 'database').map(({ kind }) => kind)).toEqual(
      ['opened', 'resolved'],
    );
    await manager.close();
  });

  it('may fail later without anybody noticing', async () => {
    const sink = new RecordingSink('late', async () => {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      throw new Error('late');
    });
    const { manager } = opened({ sinks: [sink], maxDeliveryRetries: 0, deliveryTimeoutMs: 1_000 });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sink.tries).toHaveLength(1);
    await closeWithin(manager, 5_000);
    await vi.advanceTimersByTimeAsync(60_000);
  });
});

describe('a full queue', () => {
  it('drops the oldest update first, says so, and keeps what opened and resolved', async () => {
    let up = false;
    const release: (() => void)[] = [];
    const sink = new RecordingSink('slow', async () => {
      if (!up) await new Promise<void>((resolve) => release.push(resolve));
      return { detail: 'ok' };
    });
    const { harness, policy, manager, resolveNow } = opened({ sinks: [sink], maxQueuedNotifications: 3 });
    await settle();
    for (const reason of ['first', 'second', 'third', 'fourth']) {
      policy.move('forced-open', { manual: true, reason });
    }
    resolveNow();
    await settle();
    expect(harness.notified).toEqual([
      { sink: 'slow', result: 'dropped' },
      { sink: 'slow', result: 'dropped' },
    ]);
    expect(harness.texts()).toContain('slow: updated dropped (the queue is full)');
    up = true;
    release[0]?.();
    await settle();
    expect(sink.kinds()).toEqual(['opened', 'updated', 'updated', 'resolved']);
    expect(sink.got.map(({ summary }) => summary).join()).not.toMatch(/first|second/);
    await manager.close();
  });
});

describe('a full queue of a busy sink', () => {
  it('keeps an opened that waits longer than an update', async () => {
    const release: (() => void)[] = [];
    const sink = new RecordingSink('slow', async () => {
      await new Promise<void>((resolve) => release.push(resolve));
      return { detail: 'ok' };
    });
    const harness = new Harness({ sinks: [sink], maxQueuedNotifications: 2 });
    for (const name of ['a', 'b', 'c', 'd']) harness.policy(name).move('open');
    await settle();
    const last = harness.policy('e');
    last.move('open');
    last.move('forced-open', { manual: true, reason: 'first' });
    last.move('forced-open', { manual: true, reason: 'second' });
    await settle();
    expect(harness.notified).toEqual([{ sink: 'slow', result: 'dropped' }]);
    while (release.length > 0) {
      for (const done of release.splice(0)) done();
      await settle();
    }
    const told = sink.got.filter(({ incident }) => incident.policy === 'e');
    expect(told.map(({ kind }) => kind)).toEqual(['opened', 'updated']);
    expect(told[1]?.summary).toContain('second');
    await closeWithin(harness.manager, 1_000);
  });
});

describe('flush and close', () => {
  it('waits until all is delivered, or until its time is over', async () => {
    const sink = new RecordingSink(
      'slow',
      () => new Promise((resolve) => setTimeout(() => resolve({ detail: 'ok' }), 3_000)),
    );
    const { manager } = opened({ sinks: [sink] });
    const short = manager.flush({ timeoutMs: 1_000 });
    const long = manager.flush();
    await vi.advanceTimersByTimeAsync(3_000);
    await expect(short).resolves.toBe(false);
    await expect(long).resolves.toBe(true);
    const closing = manager.close();
    await vi.advanceTimersByTimeAsync(3_000);
    await closing;
  });

  it('tries what waits for its backoff once more at once', async () => {
    let up = false;
    const sink = new RecordingSink('pager', () => {
      if (!up) throw new Error('down');
      return { detail: 'ok' };
    });
    const { manager } = opened({ sinks: [sink], deliveryBaseDelayMs: 60_000 });
    await settle();
    expect(sink.tries).toHaveLength(1);
    up = true;
    await manager.close({ timeoutMs: 5_000 });
    expect(sink.kinds()).toEqual(['opened', 'updated']);
  });

  it('gives up a hung sink after its bound and leaves no timer', async () => {
    const sink = new RecordingSink('hung', never);
    const { harness, manager } = opened({ sinks: [sink] });
    await settle();
    let closed = false;
    const closing = manager.close({ timeoutMs: 5_000 }).then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(harness.notified.map(({ result }) => result).sort()).toEqual(['dropped', 'failed']);
  });

  it('does not break a Retry-After', async () => {
    const sink = new RecordingSink('pager', () => {
      throw new SinkError('HTTP 429', 'transient', 600_000);
    });
    const { harness, manager } = opened({ sinks: [sink] });
    await settle();
    const closing = manager.close({ timeoutMs: 5_000 });
    await vi.advanceTimersByTimeAsync(5_000);
    await closing;
    expect(sink.tries).toHaveLength(1);
    expect(harness.notified).toHaveLength(2);
  });

  it('survives a sink that gives no receipt, throws no error, or is given a logger that throws', async () => {
    const odd = new RecordingSink('odd', () => Reflect.get({}, 'nothing'));
    const strings = new RecordingSink('strings', () => {
      throw 'just a string';
    });
    const { harness, manager } = opened({ sinks: [odd, strings], maxDeliveryRetries: 0 });
    harness.logger.error = () => {
      throw new Error('the logger is broken');
    };
    await settle();
    expect(harness.notified).toEqual([
      { sink: 'odd', result: 'delivered' },
      { sink: 'strings', result: 'failed' },
    ]);
    expect(harness.reports.map(({ component }) => component)).toEqual(['sink', 'incidents']);
    await manager.close();
  });
});

function opened(options: IncidentOptions) {
  const harness = new Harness(options);
  const { manager } = harness;
  const policy = harness.policy();
  policy.move('open');
  const { id } = harness.only();
  return { harness, policy, manager, resolveNow: () => resolveByHand(manager, id) };
}

/** Closes on fake time, which nothing else would move on. */
async function closeWithin(manager: IncidentManager, timeoutMs: number): Promise<void> {
  const closing = manager.close({ timeoutMs });
  await vi.advanceTimersByTimeAsync(timeoutMs);
  await closing;
}
