import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/incidents/delivery.ts';
import type { IncidentStatus } from '../../../src/incidents/incident/status.ts';
import type { Notification, NotificationKind } from '../../../src/incidents/notification.ts';
import { type Outgoing, outgoingNotification } from '../../../src/incidents/outgoing.ts';
import { alertmanagerSink } from '../../../src/incidents/sinks/alertmanager/sink.ts';
import { findProgram, until } from '../../prometheus/support.ts';
import { RecordingLogger } from '../fixtures.ts';
import { sampleIncident } from '../sample.ts';
import {
  type Alertmanager,
  alertmanagerInstalled,
  skipWithoutAlertmanager,
  startAlertmanager,
} from './alertmanager-server.ts';
import { HOSTILE } from './contract.ts';
import { fullIncident } from './full-incident.ts';

skipWithoutAlertmanager();

/** What the Alertmanager sent to its receiver. */
const received: string[] = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    received.push(text);
    response.writeHead(200).end();
  });
});
let alertmanager: Alertmanager | undefined;
const replicas: Delivery<Outgoing>[] = [];

beforeAll(async () => {
  if (!alertmanagerInstalled) return;
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  alertmanager = await startAlertmanager(`http://127.0.0.1:${address.port}/`);
});

afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close(1_000);
});

afterAll(async () => {
  await alertmanager?.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

function running(): Alertmanager {
  if (alertmanager === undefined) throw new Error('it does not run');
  return alertmanager;
}

/** What one process uses to tell the Alertmanager; it repeats twice a second. */
function replica(repeatMs = 500) {
  const results: string[] = [];
  const settings = {
    deliveryTimeoutMs: 5_000,
    maxDeliveryRetries: 0,
    deliveryBaseDelayMs: 100,
    deliveryMaxDelayMs: 100,
    maxQueuedNotifications: 10,
  };
  const sink = alertmanagerSink({ url: running().url, repeatMs, labels: { team: 'payments' } });
  const delivery = new Delivery<Outgoing>([sink], settings, new RecordingLogger(), ({ result, detail }) => {
    results.push(`${result} ${detail}`);
  });
  replicas.push(delivery);
  return {
    results,
    async tell(notification: Notification) {
      delivery.send(outgoingNotification(notification, [sink.name]));
      await delivery.flush(5_000);
    },
    close: () => delivery.close(1_000),
  };
}

function about(
  policy: string,
  instance: string,
  kind: NotificationKind,
  given: Partial<Notification['incident']> = {},
): Notification {
  const now = Date.now();
  const status: IncidentStatus = kind === 'resolved' ? 'resolved' : 'declared';
  const dedupKey = `breakwater/${policy}`;
  const incident = sampleIncident({
    policy,
    instance,
    status,
    dedupKey,
    declaredAt: new Date(now - 10_000).toISOString(),
    ...given,
  });
  return {
    id: `msg_${kind}`,
    kind,
    dedupKey,
    severity: incident.severity,
    summary: `It ${kind}.`,
    at: now,
    incident,
  };
}

/** The alerts of a policy that have not ended. */
async function firing(policy: string) {
  const alerts = await running().alerts();
  return alerts.filter(({ labels, endsAt }) => labels.policy === policy && Date.parse(endsAt) > Date.now());
}

describe('an Alertmanager', () => {
  it('shows an alert with its labels, also to amtool, and keeps it for as long as it is repeated', async () => {
    const { tell, results } = replica();
    await tell(about('database', 'shop-1', 'opened'));
    expect(results).toEqual(['delivered HTTP 200']);
    const [alert] = await firing('database');
    expect(alert?.labels).toEqual({
      alertname: 'BreakwaterIncident',
      severity: 'high',
      policy: 'database',
      service: 'shop',
      instance: 'shop-1',
      dedup_key: 'breakwater/database',
      team: 'payments',
    });
    expect(alert?.annotations).toMatchObject({
      summary: 'It opened.',
      incident: 'INC-20260204-001-9f3a01bc',
    });
    const amtool = findProgram('amtool');
    if (amtool !== undefined) {
      const query = ['alert', 'query', 'severity=high', 'policy=database', '-o', 'json'];
      const { stdout } = await promisify(execFile)(amtool, [`--alertmanager.url=${running().url}`, ...query]);
      expect(JSON.parse(stdout)).toMatchObject([{ labels: { severity: 'high', policy: 'database' } }]);
    }
    const firstEnd = Date.parse(alert?.endsAt ?? '');
    await until('the alert to be repeated past its first end', async () => Date.now() > firstEnd + 500);
    expect(await firing('database')).toHaveLength(1);
    expect(results).toHaveLength(1);
  });

  it('groups the alerts of two replicas, and the end of one does not end the other', async () => {
    const one = replica();
    const two = replica();
    await one.tell(about('payments', 'shop-1', 'opened'));
    await two.tell(about('payments', 'shop-2', 'opened'));
    await until('both to be in one group', async () => {
      const group = (await running().groups()).find(({ labels }) => labels.policy === 'payments');
      return group?.alerts.length === 2;
    });
    await one.tell(about('payments', 'shop-1', 'resolved'));
    await until('one to end', async () => (await firing('payments')).length === 1);
    expect((await firing('payments'))[0]?.labels.instance).toBe('shop-2');
    await two.tell(about('payments', 'shop-2', 'resolved'));
    await until('the other to end', async () => (await firing('payments')).length === 0);
    await until('its receiver to hear of the end', async () =>
      received.some((text) => text.includes('"status":"resolved","labels"') && text.includes('payments')),
    );
  });

  it('has one alert while the severity rises', async () => {
    const { tell } = replica();
    const at = new Date().toISOString();
    const severityHistory = [{ at, from: 'High', to: 'Critical', why: 'x', by: null }] as const;
    await tell(about('search', 'shop-1', 'opened'));
    await tell(about('search', 'shop-1', 'updated', { severity: 'Critical', severityHistory }));
    await until('the first to end', async () => (await firing('search')).length === 1);
    expect((await firing('search'))[0]?.labels.severity).toBe('critical');
  });

  it('ends by itself what nobody repeats any more', async () => {
    const { tell, close } = replica(250);
    await tell(about('mail', 'shop-1', 'opened'));
    expect(await firing('mail')).toHaveLength(1);
    await close();
    await until('it to end', async () => (await firing('mail')).length === 0);
  });

  it('takes hostile text in every label and annotation', async () => {
    const { tell, results } = replica();
    const message = about('hostile', 'shop-1', 'opened');
    const incident = { ...fullIncident(HOSTILE), declaredAt: new Date().toISOString(), instance: 'hostile' };
    await tell({ ...message, dedupKey: HOSTILE, summary: HOSTILE, incident });
    expect(results).toEqual(['delivered HTTP 200']);
    const alerts = (await running().alerts()).filter(({ labels }) => labels.instance === 'hostile');
    // The other one is the end of the severity that it had before.
    const [alert] = alerts.filter(({ labels }) => labels.severity === 'high');
    expect(alert?.labels.policy).toContain('<!channel> <https://evil.example|click> </script> %s {{x}}');
    expect(alert?.annotations.users).toContain('日本語');
  });
});
