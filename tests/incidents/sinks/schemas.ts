import { z } from 'zod';

// The request bodies that vendors document, with their limits. Lengths are counted in UTF-16 units, which are never
// fewer than characters.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u;

/** Text that is well-formed, and in which nothing hides. */
function text(maxLength: number, minLength = 1) {
  return z
    .string()
    .min(minLength)
    .max(maxLength)
    .refine((value) => !HARMFUL.test(value), { error: 'has control characters, or turns text around' });
}

/** Escaped as https://docs.slack.dev/messaging/formatting-message-text says, without any markup. */
const unmarked = (maxLength: number) =>
  text(maxLength).refine((value) => !/[<>]|&(?!amp;|lt;|gt;)/.test(value), { error: 'is not escaped' });

const plainText = (maxLength: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: unmarked(maxLength), emoji: z.literal(false) });

/** Markup of the sink's own: links with known labels, and the mention that was set up. */
const markup = z.strictObject({
  type: z.literal('mrkdwn'),
  verbatim: z.literal(true),
  text: text(3_000).regex(
    /^(?:<!here>|<https?:\/\/[^\s<>|]+\|[\w ]+>(?: - <https?:\/\/[^\s<>|]+\|[\w ]+>)*)$/,
  ),
});

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../reference/block-kit/blocks */
export const slackMessage = z.strictObject({
  text: unmarked(4_000),
  unfurl_links: z.literal(false),
  unfurl_media: z.literal(false),
  blocks: z
    .array(
      z.union([
        z.strictObject({
          type: z.literal('header'),
          block_id: z.string().min(1).max(255),
          text: plainText(150),
        }),
        z.strictObject({ type: z.literal('section'), text: z.union([plainText(3_000), markup]) }),
        z.strictObject({ type: z.literal('section'), fields: z.array(plainText(2_000)).min(1).max(10) }),
        z.strictObject({ type: z.literal('context'), elements: z.array(plainText(2_000)).min(1).max(10) }),
      ]),
    )
    .min(1)
    .max(50),
});

/** https://developer.pagerduty.com/docs/send-alert-event */
export const pagerDutyEvent = z.strictObject({
  routing_key: z.string().length(32),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: text(255),
  client: text(1_024),
  client_url: z.url().optional(),
  links: z.array(z.strictObject({ href: z.url(), text: text(100) })),
  payload: z.strictObject({
    summary: text(1_024),
    source: text(1_024),
    severity: z.enum(['critical', 'error', 'warning', 'info']),
    timestamp: z.iso.datetime(),
    component: text(1_024),
    group: text(1_024).optional(),
    class: text(1_024),
    custom_details: z.record(z.string(), text(10_000)),
  }),
});

/** https://docs.opsgenie.com/docs/alert-api#create-alert */
export const opsgenieAlert = z.strictObject({
  message: text(130),
  alias: text(512),
  description: text(15_000),
  responders: z
    .array(
      z.strictObject({
        type: z.enum(['team', 'user', 'escalation', 'schedule']),
        id: z.string().optional(),
        name: z.string().optional(),
        username: z.string().optional(),
      }),
    )
    .max(50)
    .optional(),
  tags: z.array(text(50)).max(20),
  details: z.record(z.string(), text(8_000)).refine(
    (details) =>
      Object.entries(details)
        .flat()
        .reduce((sum, { length }) => sum + length, 0) <= 8_000,
    { error: 'has more than 8000 characters' },
  ),
  entity: text(512, 0),
  source: text(100),
  priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']),
});

/** https://docs.opsgenie.com/docs/alert-api: acknowledge, close, add note */
export const opsgenieAction = z.strictObject({ note: text(25_000), source: text(100), user: text(100) });

/** https://docs.opsgenie.com/docs/alert-api-continued: update alert priority */
export const opsgeniePriority = z.strictObject({ priority: z.enum(['P1', 'P2', 'P3', 'P4', 'P5']) });

const labels = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), text(10_000));

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export const alertmanagerAlerts = z
  .array(
    z
      .strictObject({
        labels: labels.refine((value) => 'alertname' in value && 'instance' in value),
        annotations: labels,
        startsAt: z.iso.datetime(),
        endsAt: z.iso.datetime(),
        generatorURL: z.url().optional(),
      })
      .refine(({ startsAt, endsAt }) => startsAt <= endsAt, { error: 'ends before it starts' }),
  )
  .min(1);

/** The payload structure that https://www.standardwebhooks.com recommends, and what is in it here. */
export const webhookBody = z.union([
  z.strictObject({
    type: z.enum(['incident.opened', 'incident.updated', 'incident.resolved']),
    timestamp: z.iso.datetime(),
    data: z.strictObject({
      dedupKey: z.string(),
      severity: z.enum(['Critical', 'High', 'Medium', 'Low']),
      summary: z.string(),
      shortened: z.boolean(),
      incident: z.looseObject({
        id: z.string(),
        status: z.string(),
        timeline: z.array(z.object({})).max(12),
      }),
      digest: z.array(z.looseObject({ incident: z.string(), policy: z.string() })).optional(),
    }),
  }),
  z.strictObject({
    type: z.enum(['slo.frozen', 'slo.thawed']),
    timestamp: z.iso.datetime(),
    data: z.looseObject({ policy: z.string(), summary: z.string() }),
  }),
]);
