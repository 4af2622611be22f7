import { parseOptions } from '../../../core/options.ts';
import { post } from '../../http/post.ts';
import type { Sink, SinkContext } from '../../sink.ts';
import { toldOf } from '../told.ts';
import { type SlackSinkOptions, slackSinkSchema } from './options.ts';
import { announcementPayloadOf, payloadOf, type SlackPayload } from './payload.ts';

/**
 * Posts each notification and each announcement to a channel, through an incoming webhook of Slack and in Block Kit, at
 * one message a second. What comes from outside is shown as plain text: nothing in it becomes a link or a mention. An
 * incoming webhook cannot change what it has posted, so that an incident's end is a message of its own.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function slackSink(options: SlackSinkOptions): Sink {
  const schema = slackSinkSchema(options?.allowInsecure === true);
  const checked = parseOptions(schema, options, '', 'Options of slackSink()');
  const { name, url: endpoint, fetch, mention, runbookUrl } = checked;
  const explain = { read: errorWord, secrets: [] };
  const headers = {
    ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
    'content-type': 'application/json; charset=utf-8',
  };
  const postTo = (payload: SlackPayload, { signal }: SinkContext) =>
    post({ href: endpoint.href, headers, body: JSON.stringify(payload), signal, fetch, explain });
  return {
    name,
    // https://docs.slack.dev/apis/web-api/rate-limits: one message a second for each incoming webhook.
    pace: { messages: 1, perMs: 1_000 },
    send: (notification, context) =>
      postTo(payloadOf(notification, toldOf(notification, context, runbookUrl), mention), context),
    announce: (announcement, context) => postTo(announcementPayloadOf(announcement), context),
  };
}

/** Slack's words for what is wrong: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const errorWords = new Set([
  'action_prohibited',
  'channel_is_archived',
  'channel_not_found',
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_payload',
  'invalid_token',
  'missing_text_or_fallback_or_attachments',
  'no_active_hooks',
  'no_service',
  'no_service_id',
  'no_team',
  'no_text',
  'posting_to_general_channel_denied',
  'rate_limited',
  'rollup_error',
  'team_disabled',
  'too_many_attachments',
  'user_not_found',
]);

function errorWord(body: string): string | undefined {
  const word = body.trim();
  return errorWords.has(word) ? word : undefined;
}
