import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SinkError } from '../../src/incidents/sink.ts';
import { AnnouncingSink, Harness, RecordingSink, resolveByHand, settle, sloEvent } from './fixtures.ts';

const never = (): Promise<never> => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 4, 12) });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('what an error budget does', () => {
  it('is announced when releases are frozen or thawed, and declares no incident', async () => {
    const sink = new AnnouncingSink();
    const harness = new Harness({ sinks: [sink], service: 'shop', instance: 'pod-1' });
    for (const status of ['recovered', 'frozen', 'thawed'] as const) {
      harness.events.emit('slo', sloEvent(status));
    }
    expect(sink.announceTries).toEqual([]);
    await settle();
    expect(sink.statuses()).toEqual(['frozen', 'thawed']);
    expect(sink.announced[0]).toEqual({
      id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
      service: 'shop',
      instance: 'pod-1',
      event: sloEvent('frozen'),
    });
    expect(new Set(sink.announced.map(({ id }) => id)).size).toBe(2);
    expect(sink.got).toEqual([]);
    expect(harness.manager.list()).toEqual([]);
    expect(harness.notified).toEqual(Array(2).fill({ sink: 'announcer', result: 'delivered' }));
    await harness.manager.close();
  });

  it('is told once when it is spent, as an incident', async () => {
    const sink = new AnnouncingSink();
    const harness = new Harness({ sinks: [sink] });
    harness.policy();
    harness.events.emit('slo', sloEvent('exhausted'));
    await settle();
    expect(sink.announceTries).toEqual([]);
    expect(sink.got).toMatchObject([{ kind: 'opened', incident: { trigger: 'budget', policy: 'database' } }]);
    expect(harness.notified).toEqual([{ sink: 'announcer', result: 'delivered' }]);
    resolveByHand(harness.manager, harness.only().id);
    await harness.manager.close();
  });

  it('is not told to a sink that announces nothing, nor counted for it', async () => {
    const [plain, announcer] = [new RecordingSink('plain'), new AnnouncingSink()];
    const harness = new Harness({ sinks: [plain, announcer] });
    harness.policy().move('open');
    harness.events.emit('slo', sloEvent('frozen'));
    await settle();
    expect(plain.kinds()).toEqual(['opened']);
    expect(announcer.kinds()).toEqual(['opened']);
    expect(announcer.statuses()).toEqual(['frozen']);
    expect(harness.notified.filter(({ sink }) => sink === 'plain')).toHaveLength(1);
    expect(harness.texts().join()).not.toContain('frozen');
    await harness.manager.close();
  });

  it('tells nothing secret, and leaves the event to others as it is', async () => {
    const sink = new AnnouncingSink();
    const harness = new Harness({ sinks: [sink] });
    const event = sloEvent('frozen', { summary: 'postgres://app:hunter2@db/x\nwaits' });
    harness.events.emit('slo', event);
    await settle();
    expect(sink.announced.map((told) => told.event.summary)).toEqual(['postgres://[redacted]@db/x waits']);
    expect(event.summary).toContain('hunter2');
    await harness.manager.close();
  });
});

describe('a sink that cannot announce', () => {
  it('is tried again with the same message until it is back', async () => {
    let up = false;
    const sink = new AnnouncingSink('pager', () => {
      if (!up) throw new Error('ECONNREFUSED');
    });
    const harness = new Harness({ sinks: [sink] });
    harness.events.emit('slo', sloEvent('frozen'));
    await vi.advanceTimersByTimeAsync(1_000 + 2_000);
    up = true;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(sink.announceTries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(sink.announceTries.map(({ id }) => id)).size).toBe(1);
    expect(harness.notified).toEqual([{ sink: 'pager', result: 'delivered' }]);
    await harness.manager.close();
  });

  it('is given up after the retries, which is counted, reported and logged, and harms nobody', async () => {
    const sink = new AnnouncingSink('pager', () => {
      throw new Error('refused by https://u:pw@pager.example/x?key=abc');
    });
    const harness = new Harness({ sinks: [sink], maxDeliveryRetries: 2 });
    harness.events.emit('slo', sloEvent('frozen'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sink.announceTries).toHaveLength(3);
    expect(harness.notified).toEqual([{ sink: 'pager', result: 'failed' }]);
    expect(harness.reports).toMatchObject([{ policy: 'database', component: 'sink' }]);
    expect(harness.logger.lines).toEqual([
      {
        level: 'error',
        message: 'An SLO announcement failed',
        fields: {
          policy: 'database',
          sink: 'pager',
          kind: 'frozen',
          notification: sink.announceTries[0]?.id,
          tries: 3,
          error: { name: 'SinkError', message: expect.not.stringMatching(/pw@|key=abc/) },
        },
      },
    ]);
    expect(harness.listenerErrors).toEqual([]);
    await harness.manager.close();
  });

  it('is given up in time when it hangs, and holds up neither other sinks nor incidents', async () => {
    const signals: AbortSignal[] = [];
    const hung = new AnnouncingSink('hung', (_announcement, { signal }) => {
      signals.push(signal);
      return never();
    });
    const fine = new AnnouncingSink('fine');
    const harness = new Harness({ sinks: [hung, fine], maxDeliveryRetries: 0 });
    harness.events.emit('slo', sloEvent('frozen'));
    harness.policy().move('open');
    await settle();
    expect(fine.statuses()).toEqual(['frozen']);
    expect(hung.kinds()).toEqual(['opened']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(harness.notified.filter(({ result }) => result === 'failed')).toEqual([
      { sink: 'hung', result: 'failed' },
    ]);
    await harness.manager.close();
  });

  it('is left alone as long as it asks, about incidents too', async () => {
    const sink = new AnnouncingSink('pager', (_announcement, { attempt }) => {
      if (attempt === 1) throw new SinkError('HTTP 429', 'transient', 60_000);
    });
    const harness = new Harness({ sinks: [sink] });
    harness.events.emit('slo', sloEvent('frozen'));
    await settle();
    harness.policy().move('open');
    await vi.advanceTimersByTimeAsync(59_999);
    expect([sink.statuses(), sink.kinds()]).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([sink.statuses(), sink.kinds()]).toEqual([['frozen'], ['opened']]);
    await harness.manager.close();
  });
});

describe('announcements that wait', () => {
  it('keep their order within a policy, and hold up no other', async () => {
    const release: (() => void)[] = [];
    const sink = new AnnouncingSink('slow', ({ event }) =>
      event.policy === 'database' ? new Promise<void>((resolve) => release.push(resolve)) : undefined,
    );
    const harness = new Harness({ sinks: [sink] });
    harness.events.emit('slo', sloEvent('frozen'));
    harness.events.emit('slo', sloEvent('thawed'));
    harness.events.emit('slo', sloEvent('frozen', { policy: 'other' }));
    await settle();
    expect(sink.announced.map(({ event }) => event.policy)).toEqual(['other']);
    expect(release).toHaveLength(1);
    for (let n = 0; n < 2; n += 1) {
      release[n]?.();
      await settle();
    }
    expect(sink.statuses()).toEqual(['frozen', 'frozen', 'thawed']);
    await harness.manager.close();
  });

  it('make room for what opens and ends incidents, the oldest first', async () => {
    const sink = new AnnouncingSink('slow');
    const harness = new Harness({ sinks: [sink], maxQueuedNotifications: 1 });
    // Four subjects may be under way beside the one that waits.
    const freeze = (policy: string) => harness.events.emit('slo', sloEvent('frozen', { policy }));
    const open = (policy: string) => harness.policy(policy).move('open');
    open('d');
    for (const policy of ['a', 'b']) freeze(policy);
    for (const policy of ['e', 'f', 'g']) open(policy);
    freeze('c');
    await settle();
    expect(sink.got.map(({ incident }) => incident.policy)).toEqual(['d', 'e', 'f', 'g']);
    expect(sink.announced.map(({ event }) => event.policy)).toEqual(['c']);
    expect(harness.notified.filter(({ result }) => result === 'dropped')).toHaveLength(2);
    expect(harness.logger.lines.map(({ message }) => message)).toEqual(
      Array(2).fill('An SLO announcement was dropped'),
    );
    for (const { id } of harness.manager.open()) resolveByHand(harness.manager, id);
    await harness.manager.close();
  });

  it('are waited for by flush, tried once more by close, and none are taken after it', async () => {
    let up = false;
    const sink = new AnnouncingSink('pager', () => {
      if (!up) throw new Error('down');
    });
    const harness = new Harness({ sinks: [sink], deliveryBaseDelayMs: 60_000 });
    harness.events.emit('slo', sloEvent('frozen'));
    const flushed = harness.manager.flush({ timeoutMs: 1_000 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await flushed).toBe(false);
    up = true;
    await harness.manager.close({ timeoutMs: 5_000 });
    expect(sink.statuses()).toEqual(['frozen']);
    harness.events.emit('slo', sloEvent('thawed'));
    await settle();
    expect(sink.announceTries).toHaveLength(2);
    expect(harness.notified).toHaveLength(1);
  });
});
