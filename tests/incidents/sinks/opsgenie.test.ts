import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { aliasOf } from '../../../src/incidents/sinks/opsgenie/payload.ts';
import { opsgenieSink } from '../../../src/incidents/sinks/opsgenie/sink.ts';
import { contextFor, httpSinkContract, notificationFor, sinkContract } from './contract.ts';
import { fullIncident } from './full-incident.ts';
import { opsgenieAction, opsgenieAlert, opsgeniePriority } from './schemas.ts';
import { VendorServer } from './vendor-server.ts';

const apiKey = '0b5e1f9c-4c1d-4a7e-9a55-5ec4e7ab1e00';

const opsgenie = new VendorServer(
  'https://api.eu.opsgenie.com',
  {
    schemaFor: ({ method, path }) => {
      if (method === 'POST' && path === '/v2/alerts') return opsgenieAlert;
      const [, action] = /^\/v2\/alerts\/[\w.:%-]+\/([a-z]+)\?identifierType=alias$/.exec(path) ?? [];
      if (method === 'PUT' && action === 'priority') return opsgeniePriority;
      const isAction = method === 'POST' && ['acknowledge', 'close', 'notes'].includes(action ?? '');
      return isAction ? opsgenieAction : undefined;
    },
    maxBytes: 512_000,
  },
  () => Response.json({ result: 'Request will be processed', took: 0.1 }, { status: 202 }),
);

const make = () => ({
  sink: opsgenieSink({
    apiKey,
    region: 'eu',
    tags: ['shop'],
    responders: [{ type: 'team', name: 'sre' }],
    runbookUrl: 'https://wiki.example/runbook',
  }),
  sent: () => opsgenie.requests.map(({ path, text }) => `${path} ${text}`).join('\n'),
  count: () => opsgenie.requests.length,
  problems: () => opsgenie.problems,
  server: {
    answerWith: opsgenie.answerWith.bind(opsgenie),
    hang: opsgenie.hang.bind(opsgenie),
    secrets: [apiKey],
  },
});

sinkContract('opsgenieSink', make);
httpSinkContract('opsgenieSink', make);

const alias = 'breakwater:INC-20260204-001-0a1b2c3d';

describe('opsgenieSink', () => {
  it('creates an alert whose alias is the dedup key', async () => {
    const { sink } = make();
    await sink.send(notificationFor('opened'), contextFor());
    const [request] = opsgenie.requests;
    expect(request?.headers.get('authorization')).toBe(`GenieKey ${apiKey}`);
    expect(request?.body).toMatchObject({
      message: "The circuit of 'database' opened: 5 failures in a row",
      alias,
      description: expect.stringContaining('\nRunbook: https://wiki.example/runbook'),
      responders: [{ type: 'team', name: 'sre' }],
      tags: ['breakwater', 'high', 'shop'],
      details: { incident: 'INC-20260204-001-0a1b2c3d', severity: 'High', policy: 'database' },
      entity: 'database',
      source: 'breakwater pod-1',
      priority: 'P2',
    });
  });

  it.each([
    ['updated', 'declared', 'POST', `/v2/alerts/${encodeURIComponent(alias)}/notes?identifierType=alias`],
    [
      'updated',
      'acknowledged',
      'POST',
      `/v2/alerts/${encodeURIComponent(alias)}/acknowledge?identifierType=alias`,
    ],
    [
      'updated',
      'mitigated',
      'POST',
      `/v2/alerts/${encodeURIComponent(alias)}/acknowledge?identifierType=alias`,
    ],
    ['updated', 'resolved', 'POST', `/v2/alerts/${encodeURIComponent(alias)}/notes?identifierType=alias`],
    ['resolved', 'resolved', 'POST', `/v2/alerts/${encodeURIComponent(alias)}/close?identifierType=alias`],
  ] as const)('asks for what is %s and %s: %s %s', async (kind, status, method, path) => {
    const { sink } = make();
    const { incident, ...message } = notificationFor(kind);
    await sink.send({ ...message, incident: { ...incident, status } }, contextFor());
    expect(opsgenie.requests).toMatchObject([{ method, path, body: { user: 'breakwater' } }]);
  });

  it('sets the priority when the severity changed, where that can be done', async () => {
    const { sink } = make();
    const { incident, ...message } = notificationFor('updated');
    const severityHistory = [
      { at: incident.startedAt, from: 'High', to: 'Critical', why: 'x', by: null },
    ] as const;
    const raised = { ...message, severity: 'Critical', incident: { ...incident, severityHistory } } as const;
    await sink.send(raised, contextFor());
    expect(opsgenie.requests).toMatchObject([
      { method: 'PUT', path: expect.stringContaining('/priority?'), body: { priority: 'P1' } },
      { method: 'POST', path: expect.stringContaining('/notes?') },
    ]);
    const jsm = opsgenieSink({ apiKey, region: 'jsm', url: 'https://api.eu.opsgenie.com' });
    opsgenie.reset();
    await jsm.send(raised, contextFor());
    expect(opsgenie.requests).toMatchObject([{ method: 'POST' }]);
  });

  it('begins an alert for nothing but a beginning: not anew after a reopening, nor for what is over', async () => {
    const { sink } = make();
    const { incident, ...message } = notificationFor('updated');
    const steps = [
      { at: incident.startedAt, status: 'declared', by: null, reason: 'x', reopening: true },
    ] as const;
    await sink.send({ ...message, incident: { ...incident, status: 'declared', steps } }, contextFor());
    const over = { ...incident, status: 'resolved' } as const;
    await sink.send({ ...message, kind: 'opened', incident: over }, contextFor());
    expect(opsgenie.requests.map(({ path }) => path.replace(/.*\//, ''))).toEqual([
      'notes?identifierType=alias',
      'notes?identifierType=alias',
    ]);
  });

  it('has one alias for each key, and each fits into a path', () => {
    const keys = [
      'a/b',
      'a:b',
      'a b',
      'a_b',
      'k'.repeat(600),
      `${'k'.repeat(599)}l`,
      '日本',
      '日木',
      'drill/a/b',
    ];
    const aliases = keys.map(aliasOf);
    expect(new Set(aliases).size).toBe(keys.length);
    for (const each of aliases) expect(each).toMatch(/^[\w.:-]{1,512}$/);
    expect(aliases[0]).toBe('a:b');
  });

  it('leaves out visibly what does not fit into the details, and never what identifies the incident', async () => {
    for (let length = 1_500; length < 1_950; length += 25) {
      const url = `https://wiki.example/${'x'.repeat(length)}`;
      const sink = opsgenieSink({ apiKey, region: 'eu', runbookUrl: url });
      const incident = { ...fullIncident('x'.repeat(10_000)), warRoom: url };
      const message = { ...notificationFor('opened'), incident };
      await sink.send(message, contextFor());
      expect(opsgenieAlert.parse(opsgenie.requests.at(-1)?.body).details).toMatchObject({
        incident: incident.id,
        dedup_key: message.dedupKey,
        notification: message.id,
        left_out: 'More was left out here',
      });
    }
    expect(opsgenie.problems).toEqual([]);
  });

  it('refuses options that are wrong, all at once, and repeats no secret', () => {
    const wrong: unknown = {
      apiKey: 'hunter2 hunter2',
      responders: [{ type: 'team' }],
      tags: ['a b'],
      priorities: { High: 'P9' },
    };
    let error: unknown;
    try {
      Reflect.apply(opsgenieSink, undefined, [wrong]);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof InvalidOptionsError)) throw new Error('it did not throw');
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      'apiKey',
      'priorities.High',
      'responders[0]',
      'tags[0]',
    ]);
    expect(error.message).not.toContain('hunter2');
  });
});
