import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import {
  callback,
  count,
  countOrZero,
  durationMs,
  durationMsOrZero,
  flag,
  oneOf,
  options,
  ratio,
  shown,
  text,
  textUpTo,
} from '../core/options.ts';
import type { Collector } from './collectors/collector.ts';
import { type CollectorOptions, collectorDefaults, collectorSchema } from './collectors/options.ts';
import { type ControlOptions, controlSchema } from './control/options.ts';
import { type EscalationOptions, escalationShape, namingProblems } from './escalation/options.ts';
import type { SeverityRule } from './incident/severity.ts';
import { type KeyNaming, keyNamings } from './key-name.ts';
import { type QuietOptions, quietShape } from './quiet/options.ts';
import type { Sink } from './sink.ts';
import { logSink } from './sinks/log/sink.ts';
import { sinkName } from './sinks/sink-name.ts';

/** Whether each instance of a service raises its own alert, or all raise one together. */
export const dedupScopes = ['instance', 'service'] as const;
/** Who shares an incident: nobody, or all instances of a service. */
export type DedupScope = (typeof dedupScopes)[number];

/** Options of the hub's incidents. */
export interface IncidentOptions extends QuietOptions, EscalationOptions {
  /** Where notifications go, at most 20. Names must differ. Default: the hub's logger, `[logSink()]`. */
  readonly sinks?: readonly Sink[] | undefined;
  /** How long all circuits of a policy must stay closed before its incident resolves. Default 60 000 ms. */
  readonly resolveAfterMs?: number | undefined;
  /** How often the severity of an open incident is looked at again. Default 15 000 ms. */
  readonly reviewMs?: number | undefined;
  /** Decides the severity. Default: `severityByImpact`. One that throws is reported, and the default decides. */
  readonly severity?: SeverityRule | undefined;
  /**
   * Whether an incident's dedup key is this instance's own (`instance`, the default) or shared by all instances of
   * `service`. A shared one is not for one instance to resolve: when an incident resolves itself here, sinks get
   * an `updated` that says so, with the incident's own status `resolved`, and a `resolved` only when a person
   * resolves it.
   */
  readonly dedupScope?: DedupScope | undefined;
  /** Name of the service that this process is an instance of. Required with `dedupScope: 'service'`. */
  readonly service?: string | undefined;
  /** Name of this instance. Default: host name, process id and a random part. */
  readonly instance?: string | undefined;
  /** How long one try to deliver a notification may take. Default 15 000 ms. */
  readonly deliveryTimeoutMs?: number | undefined;
  /** Tries after the first that failed, 0 or more. Default 5. */
  readonly maxDeliveryRetries?: number | undefined;
  /** What the waits between tries grow from, doubling each time, half of it random. Default 1 000 ms. */
  readonly deliveryBaseDelayMs?: number | undefined;
  /** No wait is chosen longer than this; a Retry-After may be, up to a day. Default 60 000 ms. */
  readonly deliveryMaxDelayMs?: number | undefined;
  /** How many notifications may wait for one sink. Then the oldest `updated` or announcement goes first. Default 100. */
  readonly maxQueuedNotifications?: number | undefined;
  /** How many resolved incidents are kept. Default 100. */
  readonly maxResolvedIncidents?: number | undefined;
  /** How many entries a timeline holds, 10 or more; the middle is left out first. Default 200. */
  readonly maxTimelineEntries?: number | undefined;
  /**
   * Where incidents are kept on disk, on a local file system: a journal that a restart goes on from, and a folder for
   * each incident. Made where it is missing. Default: none, and nothing is written.
   */
  readonly directory?: string | undefined;
  /** What gathers evidence into files when an incident begins and when it is over; needs `directory`. Default: none. */
  readonly collectors?: readonly Collector[] | CollectorOptions | undefined;
  /** When calls that the policy's own limits turn away make an incident, or `false` for never. */
  readonly rejections?:
    | false
    | {
        /** How many rejections a window must have. Default 20. */
        readonly minimum?: number | undefined;
        /** Share of the window's calls that they must be, at least. Default 0.1. */
        readonly share?: number | undefined;
        /** Length of a window. Default 10 000 ms. */
        readonly windowMs?: number | undefined;
        /** How many such windows in a row begin an incident. Default 3. */
        readonly windows?: number | undefined;
      }
    | undefined;
  /** A Unix socket for the `breakwater` command, mode 0600. Default: none is opened. */
  readonly control?: ControlOptions | undefined;
  /**
   * How incidents name the keys of circuits (`circuitBreaker.perKey`) in all that they record, send and write: `text`, as
   * they are but redacted and cut to 60 characters, so that whoever is paged sees whose calls fail; `hash`, as `sha256:`
   * and the first eight hexadecimal digits of their SHA-256, where keys are personal data, such as e-mail addresses. Who
   * has a list of the keys can find them by their hashes. What errors and health checks say is redacted, not hashed.
   * Default `text`.
   */
  readonly nameKeys?: KeyNaming | undefined;
  /** Whether `breakwater drill` may play a game day here, which may open circuits for minutes. Default `false`. */
  readonly drills?: boolean | undefined;
  /**
   * Whether burn alerts and spent budgets begin incidents and keep them open. With `false` they are only noted on the
   * incident that is open, for those who are paged for them by Prometheus. Default `true`.
   */
  readonly sloIncidents?: boolean | undefined;
}

const sinkPace = z.object({ messages: count, perMs: durationMs });

const sink = z
  .custom<Sink>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      'name' in value &&
      'send' in value &&
      typeof value.send === 'function' &&
      (!('announce' in value) || value.announce === undefined || typeof value.announce === 'function'),
    { error: (issue) => `must be a sink, such as logSink() or webhookSink(), not ${shown(issue.input)}` },
  )
  .refine(({ name }) => sinkName.safeParse(name).success, {
    path: ['name'],
    error: 'must be 1 to 64 characters of a-z, A-Z, 0-9, _ and -',
  })
  .refine(({ pace }) => pace === undefined || sinkPace.safeParse(pace).success, {
    path: ['pace'],
    error: 'must be { messages, perMs }: a whole number from 1, and milliseconds above 0',
  })
  .refine(({ repeatMs }) => repeatMs === undefined || durationMs.safeParse(repeatMs).success, {
    path: ['repeatMs'],
    error: 'must be a finite number of milliseconds above 0',
  });

const instanceName = textUpTo(200);

const rejections = options({
  minimum: count.default(20),
  share: ratio.default(0.1),
  windowMs: durationMs.default(10_000),
  windows: count.default(3),
});

const atLeastTen = count.refine((n) => n >= 10, { error: 'must be a whole number, 10 or more' });

/** Checks `IncidentOptions` and fills in the defaults. */
export const incidentSchema = options({
  sinks: z
    .array(sink, { error: (issue) => `must be an array of sinks, not ${shown(issue.input)}` })
    .max(20, { error: 'must be at most 20 sinks' })
    .superRefine((sinks, context) => {
      for (const [at, { name }] of sinks.entries()) {
        if (sinks.findIndex((other) => other.name === name) === at) continue;
        context.addIssue({
          code: 'custom',
          path: [at, 'name'],
          message: `'${name}' is the name of another sink; give each its own`,
        });
      }
    })
    .default(() => [logSink()]),
  resolveAfterMs: durationMs.default(60_000),
  reviewMs: durationMs.default(15_000),
  severity: callback<SeverityRule>().optional(),
  dedupScope: oneOf(dedupScopes).default('instance'),
  service: instanceName.optional(),
  instance: instanceName.default(() => `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`),
  deliveryTimeoutMs: durationMs.default(15_000),
  maxDeliveryRetries: countOrZero.default(5),
  deliveryBaseDelayMs: durationMs.default(1_000),
  deliveryMaxDelayMs: durationMs.default(60_000),
  maxQueuedNotifications: count.default(100),
  maxResolvedIncidents: countOrZero.default(100),
  maxTimelineEntries: atLeastTen.default(200),
  directory: text.optional(),
  collectors: collectorSchema.default(collectorDefaults),
  reopenWithinMs: durationMsOrZero.default(600_000),
  rejections: z
    .union([rejections, z.literal(false)], {
      error: (issue) => `must be an options object or false, not ${shown(issue.input)}`,
    })
    .default({ minimum: 20, share: 0.1, windowMs: 10_000, windows: 3 }),
  ...quietShape,
  ...escalationShape,
  control: controlSchema.optional(),
  nameKeys: oneOf(keyNamings).default('text'),
  drills: flag.default(false),
  sloIncidents: flag.default(true),
}).superRefine((given, context) => {
  for (const { path, message } of namingProblems(given)) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  if (given.dedupScope !== 'service' || given.service !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['service'],
    message: "must be given with dedupScope: 'service'",
  });
});

/** Checked options. */
export type IncidentSettings = z.output<typeof incidentSchema>;
