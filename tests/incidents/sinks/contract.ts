import { describe, expect, it } from 'vitest';
import type { AnnouncedSloEvent, SloAnnouncement } from '../../../src/incidents/announcement.ts';
import type { Notification, NotificationKind } from '../../../src/incidents/notification.ts';
import type { Sink, SinkContext } from '../../../src/incidents/sink.ts';
import { RecordingLogger } from '../fixtures.ts';

/** A sink, set up to be looked at from the other side. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** Everything that left through it so far, as one text. */
  readonly sent: () => string;
  /** How many messages left through it so far. */
  readonly count: () => number;
}

const HOSTILE = '"}\\n{"level":60} <!channel> </script> %s {{x}} \u202e \u0000 日本語 '.padEnd(10_000, 'x');

/** What every sink must do. `make` sets up one whose other side takes everything. */
export function sinkContract(name: string, make: () => Promise<SinkUnderTest> | SinkUnderTest): void {
  describe(`${name}, as every sink`, () => {
    it('has a name that can be a label value', async () => {
      const { sink } = await make();
      expect(sink.name).toMatch(/^[\w-]{1,64}$/);
    });

    it.each(['opened', 'updated', 'resolved'] as const)(
      'tells of an incident that was %s, and gives a receipt',
      async (kind) => {
        const { sink, sent, count } = await make();
        const notification = notificationFor(kind);
        const receipt = await sink.send(notification, contextFor());
        expect(receipt).toMatchObject({ detail: expect.stringMatching(/\S/) });
        expect(count()).toBe(1);
        for (const told of [
          notification.summary,
          notification.dedupKey,
          notification.incident.id,
          notification.severity,
          kind,
        ]) {
          expect(sent()).toContain(told);
        }
      },
    );

    it('sends each message once per try, under the same id', async () => {
      const { sink, sent, count } = await make();
      const notification = notificationFor('opened');
      await sink.send(notification, contextFor(1));
      await sink.send(notification, contextFor(2));
      expect(count()).toBe(2);
      expect(sent().split(notification.id).length - 1).toBeGreaterThanOrEqual(2);
    });

    it('passes on hostile text unharmed and unharming', async () => {
      const { sink, sent, count } = await make();
      await sink.send({ ...notificationFor('opened'), summary: HOSTILE }, contextFor());
      expect(count()).toBe(1);
      expect(sent()).toContain('日本語');
    });

    it.each(['frozen', 'thawed', 'exhausted'] as const)(
      'announces that a policy is %s, under the same id on each try, and gives a receipt',
      async (status) => {
        const { announce, sent, count } = announcing(await make());
        const announcement = announcementFor(status);
        const before = structuredClone(announcement);
        const receipt = await announce(announcement, contextFor(1));
        expect(receipt).toMatchObject({ detail: expect.stringMatching(/\S/) });
        expect(count()).toBe(1);
        const { id, event } = announcement;
        for (const told of [id, event.policy, event.summary, status]) expect(sent()).toContain(told);
        await announce(announcement, contextFor(2));
        expect(count()).toBe(2);
        expect(sent().split(id).length - 1).toBeGreaterThanOrEqual(2);
        expect(announcement).toEqual(before);
      },
    );

    it('passes on hostile text of an announcement unharmed and unharming', async () => {
      const { announce, sent, count } = announcing(await make());
      const { event, ...about } = announcementFor('frozen');
      await announce({ ...about, event: { ...event, policy: 'db"}\n', summary: HOSTILE } }, contextFor());
      expect(count()).toBe(1);
      expect(sent()).toContain('日本語');
    });

    it('leaves the notification as it is', async () => {
      const { sink } = await make();
      const notification = notificationFor('updated');
      const before = structuredClone(notification);
      await sink.send(notification, contextFor());
      expect(notification).toEqual(before);
    });
  });
}

/** A sink that announces; all of ours do. */
function announcing({ sink, ...rest }: SinkUnderTest) {
  if (sink.announce === undefined) throw new Error(`${sink.name} announces nothing`);
  return { announce: sink.announce.bind(sink), ...rest };
}

export function announcementFor(status: AnnouncedSloEvent['status']): SloAnnouncement {
  const time = Date.UTC(2026, 1, 4, 12);
  const base = { policy: 'database', summary: `The budget of 'database' is ${status}.`, time };
  const events = {
    frozen: { ...base, status: 'frozen', slis: ['availability', 'latency'] },
    thawed: { ...base, status: 'thawed', reason: 'no-objection' },
    exhausted: {
      ...base,
      status: 'exhausted',
      sli: 'latency',
      objective: 0.99,
      budgetRemaining: undefined,
      good: 90,
      bad: 10,
    },
  } as const satisfies { readonly [Status in AnnouncedSloEvent['status']]: AnnouncedSloEvent };
  return { id: `msg_${status}0123456789`, service: 'shop', instance: 'pod-1', event: events[status] };
}

export function contextFor(attempt = 1): SinkContext & { readonly logger: RecordingLogger } {
  return { signal: new AbortController().signal, attempt, logger: new RecordingLogger() };
}

export function notificationFor(kind: NotificationKind, timelineEntries = 1): Notification {
  const at = Date.UTC(2026, 1, 4, 12);
  const resolved = kind === 'resolved';
  return {
    id: `msg_${kind}0123456789`,
    kind,
    dedupKey: 'breakwater/INC-20260204-001-0a1b2c3d',
    severity: 'High',
    summary: "The circuit of 'database' opened: 5 failures in a row",
    at,
    incident: {
      id: 'INC-20260204-001-0a1b2c3d',
      policy: 'database',
      service: null,
      instance: 'pod-1',
      status: resolved ? 'resolved' : 'open',
      severity: 'High',
      why: "'database' is of high criticality and has no fallback.",
      summary: "The circuit of 'database' opened: 5 failures in a row",
      trigger: 'circuit',
      dedupKey: 'breakwater/INC-20260204-001-0a1b2c3d',
      startedAt: new Date(at).toISOString(),
      resolvedAt: resolved ? new Date(at + 90_000).toISOString() : null,
      resolvedBy: null,
      durationMs: resolved ? 90_000 : null,
      timeline: Array.from({ length: timelineEntries }, (_, entry) => ({
        at: new Date(at + entry).toISOString(),
        kind: 'circuit' as const,
        text: `Entry ${entry} ${'.'.repeat(500)}`,
      })),
      stats: { atStart: null, atResolve: null },
    },
  };
}
