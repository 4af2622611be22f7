import { z } from 'zod';
import { durationMs, flag, options, shown } from '../../../core/options.ts';
import { endpointOption, fetchOption, headersOption, linkOption } from '../../http/options.ts';
import { type Severity, severities } from '../../incident/severity.ts';
import { type RunbookUrl, runbookUrlOption } from '../link-options.ts';
import { sinkName } from '../sink-name.ts';

/** Options of `alertmanagerSink()`. */
export interface AlertmanagerSinkOptions {
  /**
   * The Alertmanager, such as `https://alertmanager.example.com`, with its path prefix where it has one: https, or
   * loopback. Credentials in it become an Authorization header. Of a cluster, each member gets a sink of its own.
   */
  readonly url: string | URL;
  /** Headers to send as well, such as `{ authorization: 'Bearer ...' }`. Their values are never logged. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * How often an open alert is sent again, in milliseconds. Its `endsAt` is four times that ahead, so that it ends by
   * itself when nothing repeats it any more. Default 60 000.
   */
  readonly repeatMs?: number | undefined;
  /** Labels that each alert gets as well, such as `{ team: 'payments' }`. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Value of the label `severity` by ours. Default: critical, high, medium, low. */
  readonly severities?: Readonly<Partial<Record<Severity, string>>> | undefined;
  /** Where an alert's source can be looked at, such as a dashboard. Default: none. */
  readonly generatorUrl?: string | undefined;
  /** A runbook to link to: one URL for all policies, or one by policy. Default: none. */
  readonly runbookUrl?: RunbookUrl | undefined;
  /** Lets a plain http URL be used that is not a loopback one. Default false. */
  readonly allowInsecure?: boolean | undefined;
  /** What to post with. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The sink's name. Default `alertmanager`. */
  readonly name?: string | undefined;
}

/** Labels that tell one alert from another, and that are the sink's own. */
const OWN_LABEL = /^(alertname|severity|policy|service|instance|dedup_key|drill)$/;
const RESERVED_HEADER = /^(content-.*|host|transfer-encoding|connection)$/i;

const labelValue = z.custom<string>(
  (value) => typeof value === 'string' && value !== '' && value.length <= 500,
  {
    error: 'must be a string of 1 to 500 characters',
  },
);

const labels = z
  .record(z.string(), labelValue, {
    error: (issue) => `must be an object of label names and values, not ${shown(issue.input)}`,
  })
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      const problem = labelProblem(name);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
    }
  });

/** After https://prometheus.io/docs/concepts/data_model */
function labelProblem(name: string): string | undefined {
  if (OWN_LABEL.test(name)) return 'is set by the sink itself';
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
    return 'must be a label name: letters, digits and _, no digit first';
  return name.startsWith('__') ? 'must not begin with __, which is for internal use' : undefined;
}

/** Checks `AlertmanagerSinkOptions`, given what they say of `allowInsecure`. */
export function alertmanagerSinkSchema(allowInsecure: boolean) {
  return options({
    url: endpointOption(allowInsecure),
    headers: headersOption(RESERVED_HEADER).optional(),
    repeatMs: durationMs.default(60_000),
    labels: labels.default({}),
    severities: z.partialRecord(z.enum(severities), labelValue).default({}),
    generatorUrl: linkOption.optional(),
    runbookUrl: runbookUrlOption.optional(),
    allowInsecure: flag.default(false),
    fetch: fetchOption.optional(),
    name: sinkName.default('alertmanager'),
  });
}
