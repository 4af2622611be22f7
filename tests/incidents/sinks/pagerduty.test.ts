import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { pagerDutySink } from '../../../src/incidents/sinks/pagerduty/sink.ts';
import { contextFor, httpSinkContract, notificationFor, sinkContract } from './contract.ts';
import { pagerDutyEvent } from './schemas.ts';
import { VendorServer } from './vendor-server.ts';

const routingKey = 'R0UT1NGK3YR0UT1NGK3YR0UT1NGK3Y00';

const pagerDuty = new VendorServer(
  'https://events.pagerduty.com',
  {
    schemaFor: ({ method, path }) =>
      method === 'POST' && path === '/v2/enqueue' ? pagerDutyEvent : undefined,
    maxBytes: 512_000,
  },
  () => Response.json({ status: 'success', message: 'Event processed' }, { status: 202 }),
);

const make = () => ({
  sink: pagerDutySink({ routingKey, runbookUrl: { database: 'https://wiki.example/database' } }),
  sent: () => pagerDuty.requests.map(({ text }) => text).join('\n'),
  count: () => pagerDuty.requests.length,
  problems: () => pagerDuty.problems,
  server: {
    answerWith: pagerDuty.answerWith.bind(pagerDuty),
    hang: pagerDuty.hang.bind(pagerDuty),
    secrets: [routingKey],
  },
});

sinkContract('pagerDutySink', make);
httpSinkContract('pagerDutySink', make);

describe('pagerDutySink', () => {
  it('triggers an alert under the dedup key of the incident', async () => {
    const { sink } = make();
    const receipt = await sink.send(notificationFor('opened'), contextFor());
    expect(receipt).toEqual({ detail: 'HTTP 202, trigger' });
    expect(pagerDuty.requests[0]?.body).toMatchObject({
      routing_key: routingKey,
      event_action: 'trigger',
      dedup_key: 'breakwater/INC-20260204-001-0a1b2c3d',
      client: 'breakwater',
      links: [{ href: 'https://wiki.example/database', text: 'Runbook' }],
      payload: {
        summary: "The circuit of 'database' opened: 5 failures in a row",
        source: 'pod-1',
        severity: 'error',
        timestamp: '2026-02-04T12:00:00.000Z',
        component: 'database',
        group: 'shop',
        class: 'circuit',
        custom_details: { severity: 'High', status: 'declared', policy: 'database' },
      },
    });
  });

  it.each([
    ['Critical', 'critical'],
    ['High', 'error'],
    ['Medium', 'warning'],
    ['Low', 'info'],
  ] as const)('says %s as %s', async (severity, told) => {
    const { sink } = make();
    await sink.send({ ...notificationFor('opened'), severity }, contextFor());
    expect(pagerDuty.requests[0]?.body).toMatchObject({ payload: { severity: told } });
  });

  it.each([
    ['opened', 'declared', ['trigger']],
    ['updated', 'declared', ['trigger']],
    ['updated', 'acknowledged', ['trigger', 'acknowledge']],
    ['updated', 'mitigated', ['trigger', 'acknowledge']],
    ['resolved', 'resolved', ['resolve']],
    // Over on this instance only, or long over: a trigger would call somebody again.
    ['updated', 'resolved', []],
    ['updated', 'closed', []],
  ] as const)('makes of what is %s and %s: %j', async (kind, status, actions) => {
    const { sink } = make();
    const { incident, ...message } = notificationFor(kind);
    const receipt = await sink.send({ ...message, incident: { ...incident, status } }, contextFor());
    expect(pagerDuty.requests.map(({ body }) => body)).toMatchObject(
      actions.map((event_action) => ({ event_action, dedup_key: message.dedupKey })),
    );
    expect(receipt).toMatchObject({
      detail: actions.length === 0 ? 'nothing to change' : expect.any(String),
    });
  });

  it('keeps a drill and overlong keys apart from every real alert', async () => {
    const { sink } = make();
    const { incident, ...message } = notificationFor('opened');
    await sink.send({ ...message, incident: { ...incident, drill: true } }, contextFor());
    await sink.send({ ...message, incident, dedupKey: `${'k'.repeat(300)}a` }, contextFor());
    await sink.send({ ...message, incident, dedupKey: `${'k'.repeat(300)}b` }, contextFor());
    const [drill, first, second] = pagerDuty.requests.map(({ body }) => pagerDutyEvent.parse(body));
    expect(drill).toMatchObject({
      dedup_key: 'drill/breakwater/INC-20260204-001-0a1b2c3d',
      payload: { summary: expect.stringMatching(/^DRILL: /) },
    });
    expect(first?.dedup_key).not.toBe(second?.dedup_key);
    expect(pagerDuty.problems).toEqual([]);
  });

  it('says why PagerDuty would not take an event', async () => {
    const { sink } = make();
    const body = {
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: ["'source' is missing"],
    };
    pagerDuty.answerWith(400, {}, JSON.stringify(body));
    await expect(sink.send(notificationFor('opened'), contextFor())).rejects.toMatchObject({
      failure: 'permanent',
      message: "HTTP 400: Event object is invalid; 'source' is missing",
    });
  });

  it('refuses options that are wrong, all at once, and repeats no secret', () => {
    const wrong: unknown = {
      routingKey: 'hunter2',
      region: 'mars',
      clientUrl: 'x',
      severities: { High: 'bad' },
    };
    let error: unknown;
    try {
      Reflect.apply(pagerDutySink, undefined, [wrong]);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof InvalidOptionsError)) throw new Error('it did not throw');
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      'clientUrl',
      'region',
      'routingKey',
      'severities.High',
    ]);
    expect(error.message).not.toContain('hunter2');
  });
});
