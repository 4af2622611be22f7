import { z } from 'zod';
import { count, durationMs, oneOf, options, policyName, ratio, shown, textUpTo } from '../../core/options.ts';
import { type Severity, severities } from '../incident/severity.ts';
import { type IncidentTrigger, incidentTriggers } from '../incident/trigger.ts';

/** A moment: milliseconds since the epoch, a `Date`, or ISO 8601 text with an offset, such as `2026-02-04T10:00:00Z`. */
export type Moment = number | string | Date;

/** Which incidents are meant. What is not given leaves nothing out. */
export interface IncidentSelection {
  /** Names of policies, at most 100, where `*` stands for any characters. */
  readonly policies?: readonly string[] | undefined;
  readonly severities?: readonly Severity[] | undefined;
  readonly triggers?: readonly IncidentTrigger[] | undefined;
}

/** Keeps notifications of some incidents back until it ends; then people are told what is still open. */
export interface SilenceRequest extends IncidentSelection {
  /** When it ends. This or `forMs` must be given, and lie at most 30 days ahead. */
  readonly until?: Moment | undefined;
  /** How long it lasts, in milliseconds. */
  readonly forMs?: number | undefined;
  /** Who wants it, up to 100 characters. */
  readonly by: string;
  /** Why, up to 500 characters. */
  readonly reason: string;
}

/** A planned time in which notifications of some incidents are kept back. */
export interface MaintenanceWindow extends IncidentSelection {
  readonly from: Moment;
  readonly until: Moment;
  /** What is done, up to 500 characters. */
  readonly reason: string;
  readonly by?: string | undefined;
}

/** Options of what keeps incidents quiet. */
export interface QuietOptions {
  /**
   * Within how long after an incident resolved itself the same policy's trouble reopens it, instead of beginning
   * another; 0 for never. Default 600 000 ms.
   */
  readonly reopenWithinMs?: number | undefined;
  /** Nagios' weighted flap detection, or `false` for none. */
  readonly flapping?:
    | false
    | {
        /** From which share of weighted changes among the last 21 states on it flaps. Default 0.3. */
        readonly start?: number | undefined;
        /** At or below which it flaps no more; less than `start`. Default 0.2. */
        readonly stop?: number | undefined;
      }
    | undefined;
  /** Many incidents at once become one notification, or `false` to tell of each. */
  readonly digest?:
    | false
    | {
        /** How many incidents that begin within `withinMs` are told at once. Default 5. */
        readonly after?: number | undefined;
        /** Default 60 000 ms. */
        readonly withinMs?: number | undefined;
      }
    | undefined;
  /** How many updates of one incident are told; what is more is told as one when there is room again. */
  readonly updateLimit?:
    | {
        /** Default 5. */
        readonly updates?: number | undefined;
        /** Default 300 000 ms. */
        readonly perMs?: number | undefined;
      }
    | undefined;
  /** Times in which some incidents are told to nobody, at most 100. Default: none. */
  readonly maintenance?: readonly MaintenanceWindow[] | undefined;
}

const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** A `Moment` as milliseconds since the epoch. */
export const moment = z.unknown().transform((value, context): number => {
  const at =
    typeof value === 'number'
      ? value
      : value instanceof Date
        ? value.getTime()
        : typeof value === 'string' && ISO_MOMENT.test(value)
          ? Date.parse(value)
          : Number.NaN;
  if (Number.isFinite(at) && Math.abs(at) <= 8.64e15) return at;
  context.addIssue({
    code: 'custom',
    message: `must be a time, such as 2026-02-04T10:00:00Z, not ${shown(value)}`,
  });
  return z.NEVER;
});

/** At least one of `item`, or nothing. */
export function listOf<Item extends z.ZodType>(item: Item, what: string) {
  return z
    .array(item, { error: (issue) => `must be an array of ${what}, not ${shown(issue.input)}` })
    .min(1, { error: `must name at least one; leave it out for all ${what}` })
    .max(100, { error: 'must have at most 100 entries' })
    .optional();
}

export const selectionShape = {
  policies: listOf(policyName, 'policies'),
  severities: listOf(oneOf(severities), 'severities'),
  triggers: listOf(oneOf(incidentTriggers), 'triggers'),
};

/** Checks a `SilenceRequest`. */
export const silenceRequestSchema = options({
  ...selectionShape,
  until: moment.optional(),
  forMs: durationMs.optional(),
  by: textUpTo(100),
  reason: textUpTo(500),
}).superRefine(({ until, forMs }, context) => {
  if ((until === undefined) !== (forMs === undefined)) return;
  const message =
    until === undefined ? "or 'forMs' must be given: a silence ends" : "must not be given with 'forMs'";
  context.addIssue({ code: 'custom', path: ['until'], message });
});

const maintenanceWindow = options({
  ...selectionShape,
  from: moment,
  until: moment,
  reason: textUpTo(500),
  by: textUpTo(100).optional(),
}).superRefine(({ from, until }, context) => {
  if (from < until) return;
  context.addIssue({ code: 'custom', path: ['until'], message: "must be later than 'from'" });
});

const flapping = options({ start: ratio.default(0.3), stop: ratio.default(0.2) }).superRefine(
  ({ start, stop }, context) => {
    if (stop < start) return;
    context.addIssue({ code: 'custom', path: ['stop'], message: "must be less than 'start'" });
  },
);
const digest = options({ after: count.default(5), withinMs: durationMs.default(60_000) });

/** `false`, or options. */
function orOff<Schema extends z.ZodType>(schema: Schema) {
  return z.union([schema, z.literal(false)], {
    error: (issue) => `must be an options object or false, not ${shown(issue.input)}`,
  });
}

/** The part of the incidents' options that keeps them quiet. */
export const quietShape = {
  flapping: orOff(flapping).default({ start: 0.3, stop: 0.2 }),
  digest: orOff(digest).default({ after: 5, withinMs: 60_000 }),
  updateLimit: options({ updates: count.default(5), perMs: durationMs.default(300_000) }).prefault({}),
  maintenance: z
    .array(maintenanceWindow, {
      error: (issue) => `must be an array of maintenance windows, not ${shown(issue.input)}`,
    })
    .max(100, { error: 'must be at most 100 windows' })
    .default([]),
};
