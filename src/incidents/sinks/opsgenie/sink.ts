import { parseOptions } from '../../../core/options.ts';
import { post } from '../../http/post.ts';
import type { Receipt, Sink } from '../../sink.ts';
import { toldOf } from '../told.ts';
import { type OpsgenieSinkOptions, opsgenieSinkSchema } from './options.ts';
import { requestsOf } from './payload.ts';

const addresses = {
  us: 'https://api.opsgenie.com',
  eu: 'https://api.eu.opsgenie.com',
  jsm: 'https://api.atlassian.com/jsm/ops/integration',
} as const;

/**
 * Creates, notes, acknowledges and closes one alert per incident, in Opsgenie or in Jira Service Management, through the
 * alert API. The alert's alias is the incident's dedup key with `:` for `/`. Error budgets are not announced: an alert
 * calls somebody.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function opsgenieSink(options: OpsgenieSinkOptions): Sink {
  const schema = opsgenieSinkSchema(options?.allowInsecure === true);
  const checked = parseOptions(schema, options, '', 'Options of opsgenieSink()');
  const { name, fetch, region, apiKey, runbookUrl } = checked;
  const base = (checked.url?.href ?? addresses[region]).replace(/\/+$/, '');
  const sender = { ...checked, changesPriority: region !== 'jsm' };
  const explain = { read: messageOf, secrets: [apiKey] };
  const headers = { authorization: `GenieKey ${apiKey}`, 'content-type': 'application/json' };
  return {
    name,
    // https://docs.opsgenie.com/docs/api-rate-limiting: the least that is granted by the minute; some tries are two.
    pace: { messages: 1, perMs: 2_000 },
    async send(notification, context) {
      let receipt: Receipt = { detail: 'nothing to change' };
      for (const { method, path, body } of requestsOf(
        notification,
        toldOf(notification, context, runbookUrl),
        sender,
      )) {
        const { signal } = context;
        receipt = await post({
          href: `${base}${path}`,
          method,
          headers,
          body: JSON.stringify(body),
          signal,
          fetch,
          explain,
        });
      }
      return receipt;
    },
  };
}

/** What an answer such as `{ "message": ..., "errors": { field: problem } }` says is wrong. */
function messageOf(body: string): string | undefined {
  const answer: unknown = JSON.parse(body);
  if (typeof answer !== 'object' || answer === null) return undefined;
  const message = 'message' in answer && typeof answer.message === 'string' ? [answer.message] : [];
  const errors =
    'errors' in answer && typeof answer.errors === 'object' && answer.errors !== null ? answer.errors : {};
  const told = [
    ...message,
    ...Object.entries(errors).map(([field, problem]) => `${field}: ${String(problem)}`),
  ];
  return told.length === 0 ? undefined : told.join('; ');
}
