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
    const { sinks, instance, ...rest } = parse({});
    expect(sinks.map(({ name }) => name)).toEqual(['log']);
    expect(instance).toMatch(new RegExp(`-${process.pid}-[0-9a-f]{6}$`));
    expect(rest).toEqual({
      resolveAfterMs: 60_000,
      reviewMs: 15_000,
      dedupScope: 'instance',
      deliveryTimeoutMs: 15_000,
      maxDeliveryRetries: 5,
      deliveryBaseDelayMs: 1_000,
      deliveryMaxDelayMs: 60_000,
      maxQueuedNotifications: 100,
      maxResolvedIncidents: 100,
      maxTimelineEntries: 200,
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
});
