import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { parseOptions } from '../../src/core/options.ts';
import { incidentSchema } from '../../src/incidents/options.ts';
import { logSink } from '../../src/incidents/sinks/log/sink.ts';

const parse = (input: unknown) => parseOptions(incidentSchema, input, '', 'incidents');

function problems(input: unknown): Record<string, string> {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof InvalidOptionsError) {
      return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
    }
    throw error;
  }
  return {};
}

describe('IncidentOptions', () => {
  it('has the documented defaults', () => {
    const { sinks, instance, collectors, ...rest } = parse({});
    expect(collectors.collectors).toEqual([]);
    expect(sinks.map(({ name }) => name)).toEqual(['log']);
    expect(instance).toMatch(new RegExp(`-${process.pid}-[0-9a-f]{6}$`));
    expect(rest).toEqual({
      resolveAfterMs: 60_000,
      reviewMs: 15_000,
      sloIncidents: true,
      dedupScope: 'instance',
      deliveryTimeoutMs: 15_000,
      maxDeliveryRetries: 5,
      deliveryBaseDelayMs: 1_000,
      deliveryMaxDelayMs: 60_000,
      maxQueuedNotifications: 100,
      maxResolvedIncidents: 100,
      maxTimelineEntries: 200,
      reopenWithinMs: 600_000,
      rejections: { minimum: 20, share: 0.1, windowMs: 10_000, windows: 3 },
      flapping: { start: 0.3, stop: 0.2 },
      digest: { after: 5, withinMs: 60_000 },
      updateLimit: { updates: 5, perMs: 300_000 },
      maintenance: [],
      contacts: [],
      routes: [],
      escalateAfterMs: 900_000,
      drills: false,
      nameKeys: 'text',
    });
  });

  it('names everything that is wrong at once', () => {
    const found = problems({
      sinks: [logSink(), { name: 'no send' }, 7],
      resolveAfterMs: 0,
      reviewMs: Number.NaN,
      severity: 'High',
      dedupScope: 'cluster',
      service: '',
      deliveryTimeoutMs: '5s',
      maxDeliveryRetries: -1,
      maxQueuedNotifications: Number.POSITIVE_INFINITY,
      maxTimelineEntries: 9,
      resolveAfter: 1,
    });
    expect(Object.keys(found).sort()).toEqual([
      'dedupScope',
      'deliveryTimeoutMs',
      'maxDeliveryRetries',
      'maxQueuedNotifications',
      'maxTimelineEntries',
      'resolveAfter',
      'resolveAfterMs',
      'reviewMs',
      'service',
      'severity',
      'sinks[1]',
      'sinks[2]',
    ]);
    expect(found.resolveAfter).toContain("did you mean 'resolveAfterMs'?");
  });

  it('wants names of sinks to be label values, each its own', () => {
    expect(problems({ sinks: [logSink(), logSink()] })).toEqual({
      'sinks[1].name': "'log' is the name of another sink; give each its own",
    });
    expect(Object.keys(problems({ sinks: [{ name: 'a b', send: () => ({ detail: '' }) }] }))).toEqual([
      'sinks[0].name',
    ]);
    expect(problems({ sinks: [logSink(), logSink({ name: 'audit' })] })).toEqual({});
  });

  it('wants what announces to be a method, where there is one', () => {
    const sink = { name: 'own', send: () => ({ detail: '' }) };
    expect(Object.keys(problems({ sinks: [{ ...sink, announce: 'yes' }] }))).toEqual(['sinks[0]']);
    expect(problems({ sinks: [{ ...sink, announce: undefined }] })).toEqual({});
    expect(problems({ sinks: [{ ...sink, announce: () => {} }] })).toEqual({});
  });

  it('wants a service where all its instances share an alert', () => {
    expect(problems({ dedupScope: 'service' })).toEqual({
      service: "must be given with dedupScope: 'service'",
    });
    expect(problems({ dedupScope: 'service', service: 'shop' })).toEqual({});
  });

  it('wants a flap detection that ends below where it starts', () => {
    expect(Object.keys(problems({ flapping: { start: 0.2, stop: 0.2 } }))).toEqual(['flapping.stop']);
    expect(problems({ flapping: false, digest: false, rejections: false })).toEqual({});
  });

  it('wants times of maintenance windows that are some, in order', () => {
    const window = { from: '2026-02-04T10:00:00Z', until: Date.UTC(2026, 1, 4, 11), reason: 'move' };
    expect(problems({ maintenance: [window] })).toEqual({});
    expect(parse({ maintenance: [window] }).maintenance[0]?.from).toBe(Date.UTC(2026, 1, 4, 10));
    expect(
      Object.keys(
        problems({
          maintenance: [
            { ...window, until: window.from },
            { ...window, from: 'tomorrow' },
            { ...window, until: new Date(Number.NaN) },
            { ...window, policies: [] },
          ],
        }),
      ),
    ).toEqual([
      'maintenance[0].until',
      'maintenance[1].from',
      'maintenance[2].until',
      'maintenance[3].policies',
    ]);
  });

  it('wants contacts and routes to name what there is', () => {
    const ada = {
      name: 'Ada',
      sinks: ['log'],
      hours: { from: '09:00', to: '17:00', timeZone: 'Asia/Tokyo' },
    };
    expect(problems({ contacts: [ada], routes: [{ contacts: [['Ada']], sinks: [] }] })).toEqual({});
    const found = problems({
      contacts: [ada, { ...ada, sinks: ['pager'] }, { name: 'Bob', sinks: ['log'] }],
      routes: [{ contacts: [['Ada'], ['Eve']], sinks: ['sms'], severities: ['Bad'] }],
    });
    expect(found).toEqual({ 'routes[0].severities[0]': expect.any(String) });
    expect(
      problems({
        contacts: [ada, { ...ada, sinks: ['pager'] }],
        routes: [{ contacts: [['Ada'], ['Eve']], sinks: ['sms'] }],
      }),
    ).toEqual({
      'contacts[1].name': "'Ada' is the name of another contact",
      'contacts[1].sinks[0]': "there is no sink of the name 'pager'",
      'routes[0].contacts[1][0]': "there is no contact of the name 'Eve'",
      'routes[0].sinks[0]': "there is no sink of the name 'sms'",
    });
    expect(
      Object.keys(
        problems({
          contacts: [
            { name: 'Ada', sinks: ['log'], hours: { from: '9', to: '25:00', timeZone: 'Mars/Base' } },
          ],
        }),
      ),
    ).toEqual(['contacts[0].hours.from', 'contacts[0].hours.to', 'contacts[0].hours.timeZone']);
  });
});
