import { wallNow } from '../../../core/clock.ts';
import { parseOptions } from '../../../core/options.ts';
import { post } from '../../http/post.ts';
import type { Sink } from '../../sink.ts';
import { toldOf } from '../told.ts';
import { type AlertmanagerSinkOptions, alertmanagerSinkSchema } from './options.ts';
import { alertsOf } from './payload.ts';

/**
 * Raises one alert per incident and instance at an Alertmanager, through its v2 API, and sends it again for as long as
 * the incident lasts: one that is no longer repeated, because the process is gone, ends by itself. Labels: `alertname`
 * (`BreakwaterIncident`), `severity`, `policy`, `service`, `instance`, `dedup_key`, and `drill="true"` for a drill. Error
 * budgets are not announced: they are no alerts that last.
 *
 * @throws {InvalidOptionsError} when an option is wrong
 */
export function alertmanagerSink(options: AlertmanagerSinkOptions): Sink {
  const schema = alertmanagerSinkSchema(options?.allowInsecure === true);
  const checked = parseOptions(schema, options, '', 'Options of alertmanagerSink()');
  const { name, url: endpoint, fetch, repeatMs, runbookUrl } = checked;
  const headers: Readonly<Record<string, string>> = {
    ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
    ...checked.headers,
    'content-type': 'application/json',
  };
  const explain = { read: sentenceOf, secrets: Object.values(headers).flatMap(secretsIn) };
  const href = alertsUrl(endpoint.href);
  const sender = { ...checked, generatorUrl: checked.generatorUrl };
  return {
    name,
    repeatMs,
    send(notification, context) {
      const told = toldOf(notification, context, runbookUrl);
      const now = { now: wallNow(), repeat: context.repeat === true };
      const body = JSON.stringify(alertsOf(notification, told, sender, now));
      return post({ href, headers, body, signal: context.signal, fetch, explain });
    },
  };
}

function alertsUrl(href: string): string {
  const url = new URL(href);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return url.href;
}

/** A header's value is told nowhere; what is no secret in it, such as `application/json`, may be. */
function secretsIn(value: string): readonly string[] {
  return value
    .split(/\s+/)
    .filter((part) => part !== '' && !/^(application\/json|bearer|basic)$/i.test(part));
}

/** Alertmanager answers a wrong request with one sentence, or with `{ "message": ... }`. */
function sentenceOf(body: string): string | undefined {
  const answer: unknown = JSON.parse(body);
  if (typeof answer === 'string') return answer;
  const message =
    typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined;
  return typeof message === 'string' ? message : undefined;
}
