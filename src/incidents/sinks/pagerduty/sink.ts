import { parseOptions } from '../../../core/options.ts';
import { post } from '../../http/post.ts';
import type { Receipt, Sink } from '../../sink.ts';
import { toldOf } from '../told.ts';
import { type PagerDutySinkOptions, pagerDutySinkSchema } from './options.ts';
import { actionsOf, eventOf } from './payload.ts';

const addresses = {
  us: 'https://events.pagerduty.com/v2/enqueue',
  eu: 'https://events.eu.pagerduty.com/v2/enqueue',
} as const;

/**
 * Triggers, acknowledges and resolves one alert of PagerDuty per incident, through the Events API v2. Error budgets are
 * not announced: an alert calls somebody.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function pagerDutySink(options: PagerDutySinkOptions): Sink {
  const schema = pagerDutySinkSchema(options?.allowInsecure === true);
  const checked = parseOptions(schema, options, '', 'Options of pagerDutySink()');
  const { name, fetch, region, routingKey, runbookUrl } = checked;
  const { href = addresses[region], authorization } = checked.url ?? {};
  const sender = { ...checked, clientUrl: checked.clientUrl };
  const explain = { read: problemsOf, secrets: [routingKey] };
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    'content-type': 'application/json',
  };
  return {
    name,
    // PagerDuty adjusts its limit by itself; 120 events a minute are the least that it has promised. Some tries are two.
    pace: { messages: 1, perMs: 1_000 },
    async send(notification, context) {
      const told = toldOf(notification, context, runbookUrl);
      let receipt: Receipt = { detail: 'nothing to change' };
      for (const action of actionsOf(notification)) {
        const body = JSON.stringify(eventOf(notification, action, told, sender));
        const { detail } = await post({ href, headers, body, signal: context.signal, fetch, explain });
        receipt = { detail: `${detail}, ${action}` };
      }
      return receipt;
    },
  };
}

/** What an answer such as `{ "message": ..., "errors": [...] }` says is wrong. */
function problemsOf(body: string): string | undefined {
  const answer: unknown = JSON.parse(body);
  if (typeof answer !== 'object' || answer === null) return undefined;
  const errors: unknown = 'errors' in answer ? answer.errors : undefined;
  const message: unknown = 'message' in answer ? answer.message : undefined;
  const told = [message, ...(Array.isArray(errors) ? errors : [])].filter((part) => typeof part === 'string');
  return told.length === 0 ? undefined : told.join('; ');
}
