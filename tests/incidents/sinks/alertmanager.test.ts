import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { alertmanagerSink } from '../../../src/incidents/sinks/alertmanager/sink.ts';
import { contextFor, httpSinkContract, notificationFor, sinkContract } from './contract.ts';
import { alertmanagerAlerts } from './schemas.ts';
import { VendorServer } from './vendor-server.ts';

const token = 'tok3n-tok3n-tok3n-tok3n';

const alertmanager = new VendorServer(
  'https://alerts.example',
  {
    schemaFor: ({ method, path }) =>
      method === 'POST' && path === '/prefix/api/v2/alerts' ? alertmanagerAlerts : undefined,
    maxBytes: 1_000_000,
  },
  () => new Response(null, { status: 200 }),
);

const make = () => ({
  sink: alertmanagerSink({
    url: 'https://alerts.example/prefix/',
    headers: { Authorization: `Bearer ${token}` },
    labels: { team: 'payments' },
    runbookUrl: 'https://wiki.example/runbook',
  }),
  sent: () => alertmanager.requests.map(({ text }) => text).join('\n'),
  count: () => alertmanager.requests.length,
  problems: () => alertmanager.problems,
  server: {
    answerWith: alertmanager.answerWith.bind(alertmanager),
    hang: alertmanager.hang.bind(alertmanager),
    secrets: [token],
  },
});

sinkContract('alertmanagerSink', make);
httpSinkContract('alertmanagerSink', make);

const sent = (nth = 0) => alertmanagerAlerts.parse(alertmanager.requests[nth]?.body);

describe('alertmanagerSink', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('raises an alert that ends four intervals ahead of each try', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 1, 4, 12, 0, 30) });
    const { sink } = make();
    expect(sink.repeatMs).toBe(60_000);
    await sink.send(notificationFor('opened'), contextFor());
    expect(alertmanager.requests[0]?.headers.get('authorization')).toBe(`Bearer ${token}`);
    expect(sent()).toMatchObject([
      {
        labels: {
          alertname: 'BreakwaterIncident',
          severity: 'high',
          policy: 'database',
          service: 'shop',
          instance: 'pod-1',
          dedup_key: 'breakwater/INC-20260204-001-0a1b2c3d',
          team: 'payments',
        },
        annotations: {
          summary: notificationFor('opened').summary,
          runbook_url: 'https://wiki.example/runbook',
        },
        startsAt: '2026-02-04T10:00:00.000Z',
        endsAt: '2026-02-04T12:04:30.000Z',
      },
    ]);
  });

  it('ends the alert when the incident is resolved, or is over on this instance', async () => {
    const { sink } = make();
    await sink.send(notificationFor('resolved'), contextFor());
    const { incident, ...message } = notificationFor('updated');
    await sink.send({ ...message, incident: { ...incident, status: 'resolved' } }, contextFor());
    for (const nth of [0, 1]) expect(sent(nth)).toMatchObject([{ endsAt: '2026-02-04T12:00:00.000Z' }]);
  });

  it('ends the alert of an earlier severity with the one that follows it, and does not repeat that', async () => {
    const { sink } = make();
    const { incident, ...message } = notificationFor('updated');
    const at = incident.startedAt;
    const severityHistory = [
      { at, from: null, to: 'Low', why: 'x', by: null },
      { at, from: 'Low', to: 'High', why: 'x', by: null },
    ] as const;
    const raised = { ...message, incident: { ...incident, severityHistory } };
    await sink.send(raised, contextFor());
    const [now, before, ...more] = sent();
    expect(now?.labels.severity).toBe('high');
    expect(before).toMatchObject({ labels: { severity: 'low' }, endsAt: '2026-02-04T12:00:00.000Z' });
    expect(Date.parse(now?.endsAt ?? '')).toBeGreaterThan(Date.now());
    expect(more).toEqual([]);
    await sink.send(raised, { ...contextFor(), repeat: true });
    expect(sent(1)).toHaveLength(1);
  });

  it('never has an alert begin after it ends, or after now, though the clock has gone back', async () => {
    const { sink } = make();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 1, 4, 9) });
    const severityHistory = [
      { at: '2026-02-04T10:00:00.000Z', from: null, to: 'Low', why: 'x', by: null },
      { at: '2026-02-04T10:00:00.000Z', from: 'Low', to: 'High', why: 'x', by: null },
    ] as const;
    for (const kind of ['updated', 'resolved'] as const) {
      const { incident, ...message } = notificationFor(kind);
      await sink.send({ ...message, incident: { ...incident, severityHistory } }, contextFor());
    }
    for (const { startsAt } of [...sent(0), ...sent(1)]) expect(startsAt).toBe('2026-02-04T09:00:00.000Z');
    expect(sent(0).map(({ endsAt }) => endsAt)).toEqual([
      '2026-02-04T09:04:00.000Z',
      '2026-02-04T09:00:00.000Z',
    ]);
    expect(sent(1)[0]?.endsAt).toBe('2026-02-04T09:00:00.000Z');
  });

  it('tells a drill from a real alert by its labels', async () => {
    const { sink } = make();
    const { incident, ...message } = notificationFor('opened');
    await sink.send({ ...message, incident: { ...incident, drill: true } }, contextFor());
    expect(sent()).toMatchObject([
      {
        labels: { drill: 'true', dedup_key: 'drill/breakwater/INC-20260204-001-0a1b2c3d' },
        annotations: { summary: expect.stringMatching(/^DRILL: /) },
      },
    ]);
  });

  it('refuses options that are wrong, all at once, and repeats no secret', () => {
    const wrong: unknown = {
      url: 'http://u:hunter2@alerts.example/',
      headers: { 'content-type': 'x', broken: 'hunter2\r\nx: y' },
      labels: { '1st': 'x', severity: 'x', team: '' },
      repeatMs: 0,
    };
    let error: unknown;
    try {
      Reflect.apply(alertmanagerSink, undefined, [wrong]);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof InvalidOptionsError)) throw new Error('it did not throw');
    expect(new Set(error.problems.map(({ path }) => path))).toEqual(
      new Set(['headers.broken', 'headers.content-type', 'labels.team', 'repeatMs', 'url']),
    );
    expect(error.message).not.toContain('hunter2');
    expect(() =>
      alertmanagerSink({ url: 'https://a.example', labels: { '1st': 'x', severity: 'x', __a: 'x' } }),
    ).toThrow(/1st.*severity.*__a/s);
  });
});
