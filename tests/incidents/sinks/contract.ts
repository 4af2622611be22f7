import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AnnouncedSloEvent, SloAnnouncement } from '../../../src/incidents/announcement.ts';
import { Delivery } from '../../../src/incidents/delivery.ts';
import { type Severity, severities } from '../../../src/incidents/incident/severity.ts';
import { type IncidentStatus, incidentStatuses } from '../../../src/incidents/incident/status.ts';
import type { Notification, NotificationKind } from '../../../src/incidents/notification.ts';
import { type Outgoing, outgoingNotification } from '../../../src/incidents/outgoing.ts';
import type { Sink, SinkContext } from '../../../src/incidents/sink.ts';
import { RecordingLogger } from '../fixtures.ts';
import { sampleIncident } from '../sample.ts';
import { fullIncident } from './full-incident.ts';

/** A sink, set up to be looked at from the other side. */
export interface SinkUnderTest {
  readonly sink: Sink;
  /** Everything that left through it so far, as one text. */
  readonly sent: () => string;
  /** How many messages left through it so far. */
  readonly count: () => number;
  /** What is wrong with what left through it, by the other side's documentation. */
  readonly problems?: (() => readonly string[]) | undefined;
  /** The other side, where it is an HTTP server. */
  readonly server?: SinkServer | undefined;
}

/** The other side of a sink that posts. */
export interface SinkServer {
  /** What each request is answered with from here on. */
  answerWith(status: number, headers?: Record<string, string>, body?: string): void;
  /** No request is answered from here on. */
  hang(): void;
  /** What no error may repeat. */
  readonly secrets: readonly string[];
}

export const HOSTILE =
  '"}\\n{"level":60} <!channel> <https://evil.example|click> </script> %s {{x}} \u202e \u0000 \ud800 日本語 '.padEnd(
    10_000,
    'x',
  );

const kinds = ['opened', 'updated', 'resolved'] as const;

/** What every sink must do. `make` sets up one whose other side takes everything. */
export function sinkContract(name: string, make: () => Promise<SinkUnderTest> | SinkUnderTest): void {
  describe(`${name}, as every sink`, () => {
    it('has a name that can be a label value', async () => {
      const { sink } = await make();
      expect(sink.name).toMatch(/^[\w-]{1,64}$/);
    });

    it.each(kinds)('tells of an incident that was %s, and gives a receipt', async (kind) => {
      const { sink, sent, count, problems } = await make();
      const notification = notificationFor(kind);
      const receipt = await sink.send(notification, contextFor());
      expect(receipt).toMatchObject({ detail: expect.stringMatching(/\S/) });
      expect(count()).toBe(1);
      const { summary, dedupKey, incident, severity } = notification;
      for (const told of [summary, dedupKey, incident.id, severity, kind]) expect(sent()).toContain(told);
      expect(problems?.() ?? []).toEqual([]);
    });

    it('sends each message once per try, under the same id', async () => {
      const { sink, sent, count } = await make();
      const notification = notificationFor('opened');
      await sink.send(notification, contextFor(1));
      await sink.send(notification, contextFor(2));
      expect(count()).toBe(2);
      expect(sent().split(notification.id).length - 1).toBeGreaterThanOrEqual(2);
    });

    it('passes on hostile text unharmed and unharming', async () => {
      const { sink, sent, count, problems } = await make();
      await sink.send({ ...notificationFor('opened'), summary: HOSTILE }, contextFor());
      expect(count()).toBe(1);
      expect(sent()).toContain('日本語');
      expect(problems?.() ?? []).toEqual([]);
    });

    it('keeps to the limits whatever the incident holds, at each kind, severity and status', async () => {
      const { sink, count, problems } = await make();
      const everywhere = { severity: severities, status: incidentStatuses };
      const somewhere = { severity: ['High'], status: ['declared', 'acknowledged', 'resolved'] } as const;
      for (const text of [HOSTILE, '&<>'.repeat(4_000), '😀'.repeat(5_000), '\u0000\u202e']) {
        const { severity, status } = text === HOSTILE ? everywhere : somewhere;
        for (const message of productOf(text, severity, status)) {
          const receipt = await sink.send(message, contextFor());
          expect(receipt).toMatchObject({ detail: expect.stringMatching(/\S/) });
        }
      }
      expect(problems?.() ?? []).toEqual([]);
      expect(count()).toBeGreaterThanOrEqual(severities.length * 2 * incidentStatuses.length);
    });

    it('marks a drill, and everything of it', async () => {
      const { sink, sent } = await make();
      for (const kind of kinds) {
        const before = sent().length;
        const { incident, ...message } = notificationFor(kind);
        await sink.send({ ...message, incident: { ...incident, drill: true } }, contextFor());
        expect(sent().slice(before)).toContain('DRILL');
        expect(sent().slice(before)).toMatch(/drill[/:]breakwater/);
      }
    });

    it.each(['frozen', 'thawed'] as const)(
      'announces that a policy is %s, under the same id on each try, and gives a receipt, if it announces',
      async (status) => {
        const { sink, sent, count, problems } = await make();
        if (sink.announce === undefined) return;
        const announcement = announcementFor(status);
        const before = structuredClone(announcement);
        const receipt = await sink.announce(announcement, contextFor(1));
        expect(receipt).toMatchObject({ detail: expect.stringMatching(/\S/) });
        expect(count()).toBe(1);
        const { id, event } = announcement;
        for (const told of [id, event.policy, event.summary, status]) expect(sent()).toContain(told);
        await sink.announce(announcement, contextFor(2));
        expect(count()).toBe(2);
        expect(sent().split(id).length - 1).toBeGreaterThanOrEqual(2);
        expect(announcement).toEqual(before);
        expect(problems?.() ?? []).toEqual([]);
      },
    );

    it('passes on hostile text of an announcement unharmed and unharming, if it announces', async () => {
      const { sink, sent, count, problems } = await make();
      if (sink.announce === undefined) return;
      const { event, ...about } = announcementFor('frozen');
      await sink.announce({ ...about, event: { ...event, policy: HOSTILE, summary: HOSTILE } }, contextFor());
      expect(count()).toBe(1);
      expect(sent()).toContain('日本語');
      expect(problems?.() ?? []).toEqual([]);
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

/** What every sink that posts must do when the other side does not take it. */
export function httpSinkContract(name: string, make: () => Promise<SinkUnderTest> | SinkUnderTest): void {
  const makeWithServer = async () => {
    const { server, ...rest } = await make();
    if (server === undefined) throw new Error(`${name} has no server`);
    return { server, ...rest };
  };

  describe(`${name}, as every sink that posts`, () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([
      [200, undefined],
      [202, undefined],
      [204, undefined],
      [301, 'permanent'],
      [400, 'permanent'],
      [401, 'permanent'],
      [403, 'permanent'],
      [404, 'permanent'],
      [410, 'gone'],
      [422, 'permanent'],
      [429, 'transient'],
      [500, 'transient'],
      [503, 'transient'],
    ] as const)('takes HTTP %i as %s', async (status, failure) => {
      const { sink, server, count } = await makeWithServer();
      server.answerWith(status, { location: 'https://elsewhere.example/' });
      const error = await errorOf(sink, 'opened');
      if (failure === undefined) expect(error).toBeUndefined();
      else expect(error).toMatchObject({ name: 'SinkError', failure });
      expect(count()).toBe(1);
    });

    it('honours a Retry-After in seconds and as a date', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 1, 4, 12) });
      const { sink, server } = await makeWithServer();
      server.answerWith(429, { 'retry-after': '7' });
      await expect(errorOf(sink, 'opened')).resolves.toMatchObject({ retryAfterMs: 7_000 });
      server.answerWith(429, { 'retry-after': 'Wed, 04 Feb 2026 12:01:30 GMT' });
      await expect(errorOf(sink, 'opened')).resolves.toMatchObject({ retryAfterMs: 90_000 });
    });

    it('repeats what may do, and never what will not', async () => {
      const { sink, server, count } = await makeWithServer();
      server.answerWith(500);
      expect(await deliver(sink, 2)).toMatchObject({ result: 'failed', tries: 3 });
      expect(count()).toBe(3);
      server.answerWith(400);
      expect(await deliver(sink, 2)).toMatchObject({ result: 'failed', tries: 1 });
      expect(count()).toBe(4);
    });

    it('gives up when it is told to', async () => {
      const { sink, server } = await makeWithServer();
      server.hang();
      const controller = new AbortController();
      const sending = errorOf(sink, 'opened', { ...contextFor(), signal: controller.signal });
      setTimeout(() => controller.abort(new Error('too slow')), 20);
      await expect(sending).resolves.toMatchObject({ name: 'SinkError', failure: 'transient' });
    });

    it('repeats nothing secret, not even what the other side says', async () => {
      const { sink, server } = await makeWithServer();
      expect(server.secrets.length).toBeGreaterThan(0);
      for (const secret of server.secrets) {
        for (const body of [
          secret,
          JSON.stringify({ message: `wrong key ${secret}`, errors: [secret] }),
          JSON.stringify(`refused ${encodeURIComponent(secret.toUpperCase())}`),
        ]) {
          server.answerWith(400, {}, body);
          const error = await errorOf(sink, 'opened');
          expect(String(error).toLowerCase()).not.toContain(secret.toLowerCase());
          expect(JSON.stringify(error)?.toLowerCase()).not.toContain(secret.toLowerCase());
        }
      }
    });
  });
}

/** Notifications of each kind about an incident that is full of `text`. */
function productOf(
  text: string,
  ofSeverity: readonly Severity[],
  ofStatus: readonly IncidentStatus[],
): readonly Notification[] {
  return kinds.flatMap((kind) =>
    ofSeverity.flatMap((severity) =>
      ofStatus.map((status) => {
        const incident = { ...fullIncident(text, status), severity, drill: status === 'detected' };
        const other = { incident: text, policy: text, severity, status, summary: text };
        const digest = Array.from({ length: 30 }, () => other);
        return { ...notificationFor(kind), severity, summary: text, dedupKey: text, incident, digest };
      }),
    ),
  );
}

/** What a try to send throws. */
async function errorOf(
  sink: Sink,
  kind: NotificationKind,
  context: SinkContext = contextFor(),
): Promise<unknown> {
  try {
    await sink.send(notificationFor(kind), context);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Delivers a notification without waiting for the sink's pace. */
function deliver(sink: Sink, maxDeliveryRetries: number) {
  return new Promise((resolve) => {
    const settings = {
      deliveryTimeoutMs: 5_000,
      maxDeliveryRetries,
      deliveryBaseDelayMs: 1,
      deliveryMaxDelayMs: 2,
      maxQueuedNotifications: 10,
    };
    const unpaced = { ...sink, pace: undefined, repeatMs: undefined };
    const delivery = new Delivery<Outgoing>([unpaced], settings, new RecordingLogger(), resolve);
    delivery.send(outgoingNotification(notificationFor('opened'), [sink.name]));
  });
}

export function announcementFor(status: AnnouncedSloEvent['status']): SloAnnouncement {
  const time = Date.UTC(2026, 1, 4, 12);
  const base = { policy: 'database', summary: `The budget of 'database' is ${status}.`, time };
  const events = {
    frozen: { ...base, status: 'frozen', slis: ['availability', 'latency'] },
    thawed: { ...base, status: 'thawed', reason: 'no-objection' },
  } as const satisfies { readonly [Status in AnnouncedSloEvent['status']]: AnnouncedSloEvent };
  return { id: `msg_${status}0123456789`, service: 'shop', instance: 'pod-1', event: events[status] };
}

export function contextFor(attempt = 1): SinkContext & { readonly logger: RecordingLogger } {
  return { signal: new AbortController().signal, attempt, logger: new RecordingLogger() };
}

export function notificationFor(kind: NotificationKind, timelineEntries = 1): Notification {
  const at = Date.UTC(2026, 1, 4, 12);
  const resolved = kind === 'resolved';
  const status: IncidentStatus = resolved ? 'resolved' : 'declared';
  return {
    id: `msg_${kind}0123456789`,
    kind,
    dedupKey: 'breakwater/INC-20260204-001-0a1b2c3d',
    severity: 'High',
    summary: "The circuit of 'database' opened: 5 failures in a row",
    at,
    incident: sampleIncident({
      id: 'INC-20260204-001-0a1b2c3d',
      instance: 'pod-1',
      status,
      severity: 'High',
      summary: "The circuit of 'database' opened: 5 failures in a row",
      dedupKey: 'breakwater/INC-20260204-001-0a1b2c3d',
      startedAt: new Date(at - 30_000).toISOString(),
      resolvedAt: resolved ? new Date(at + 90_000).toISOString() : null,
      durationMs: resolved ? 90_000 : null,
      timeline: Array.from({ length: timelineEntries }, (_, entry) => ({
        at: new Date(at + entry).toISOString(),
        kind: 'circuit' as const,
        text: `Entry ${entry} ${'.'.repeat(500)}`,
      })),
    }),
  };
}
