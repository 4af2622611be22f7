import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/core/errors.ts';
import { logSink } from '../../../src/incidents/sinks/log/sink.ts';
import { RecordingLogger } from '../fixtures.ts';
import { announcementFor, contextFor, notificationFor, sinkContract } from './contract.ts';

sinkContract('logSink', () => {
  const lines: string[] = [];
  const sink = logSink({ logger: pino({}, { write: (line: string) => lines.push(line) }) });
  return { sink, sent: () => lines.join(''), count: () => lines.join('').split('\n').length - 1 };
});

describe('logSink', () => {
  it('logs to the hub where it has no logger of its own', async () => {
    const context = contextFor();
    await logSink().send(notificationFor('opened'), context);
    expect(context.logger.lines).toEqual([
      {
        level: 'error',
        message: "Incident opened: The circuit of 'database' opened: 5 failures in a row",
        fields: {
          incident: 'INC-20260204-001-0a1b2c3d',
          policy: 'database',
          kind: 'opened',
          status: 'declared',
          severity: 'High',
          why: "'database' is of high criticality and has no fallback.",
          dedupKey: 'breakwater/INC-20260204-001-0a1b2c3d',
          notification: 'msg_opened0123456789',
        },
      },
    ]);
  });

  it.each([
    ['opened', 'Critical', 'error'],
    ['opened', 'High', 'error'],
    ['opened', 'Medium', 'warn'],
    ['opened', 'Low', 'warn'],
    ['updated', 'Critical', 'warn'],
    ['resolved', 'Critical', 'info'],
  ] as const)('logs %s of %s at %s', async (kind, severity, level) => {
    const logger = new RecordingLogger();
    await logSink({ logger }).send({ ...notificationFor(kind), severity }, contextFor());
    expect(logger.lines.map((line) => line.level)).toEqual([level]);
  });

  it.each([
    ['frozen', 'warn', { slis: ['availability', 'latency'] }],
    ['thawed', 'info', { reason: 'no-objection' }],
  ] as const)('logs what is announced as %s at %s', async (status, level, facts) => {
    const context = contextFor();
    await logSink().announce?.(announcementFor(status), context);
    expect(context.logger.lines).toEqual([
      {
        level,
        message: `SLO ${status}: The budget of 'database' is ${status}.`,
        fields: { policy: 'database', kind: status, ...facts, notification: `msg_${status}0123456789` },
      },
    ]);
  });

  it('refuses options that are wrong', () => {
    const wrong: unknown = { logger: { info: 1 }, name: 'a b', levels: 3 };
    expect(() => Reflect.apply(logSink, undefined, [wrong])).toThrow(InvalidOptionsError);
    expect(() => Reflect.apply(logSink, undefined, [wrong])).toThrow(/logger: .*\n.*name: .*\n.*levels: /);
  });
});
