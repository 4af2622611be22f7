import { z } from 'zod';
import type { Breakwater } from '../breakwater.ts';
import { InvalidOptionsError } from '../core/errors.ts';
import { options, parseOptions, shown } from '../core/options.ts';

/** Where the endpoints are. `false` leaves one out. */
export interface EndpointOptions {
  /** Path of the metrics, for Prometheus. Default `/metrics`. */
  readonly metricsPath?: string | false | undefined;
  /** Path that answers 200 while the process is alive. Default `/healthz`. */
  readonly healthPath?: string | false | undefined;
  /** Path that tells whether traffic should come. Default `/readyz`. */
  readonly readinessPath?: string | false | undefined;
}

const pathOrOff = z.custom<string | false>(
  (value) => value === false || (typeof value === 'string' && /^\/[^?#\s]*$/.test(value)),
  { error: (issue) => `must be a path such as '/metrics', or false, not ${shown(issue.input)}` },
);

/** Schemas of the endpoint options. */
export const endpointShape = {
  metricsPath: pathOrOff.default('/metrics'),
  healthPath: pathOrOff.default('/healthz'),
  readinessPath: pathOrOff.default('/readyz'),
};

/** Paths of the endpoints, checked. */
export type EndpointPaths = z.output<ReturnType<typeof options<typeof endpointShape>>>;

/** Notes in `context` a path that two endpoints share. */
export function checkDistinctPaths({ value, issues }: z.core.ParsePayload<EndpointPaths>): void {
  const { metricsPath, healthPath, readinessPath } = value;
  const paths = Object.entries({ metricsPath, healthPath, readinessPath });
  for (const [at, [name, path]] of paths.entries()) {
    const other = paths.slice(0, at).find(([, earlier]) => path !== false && earlier === path);
    if (other === undefined) continue;
    issues.push({ code: 'custom', path: [name], message: `is the path of ${other[0]} too`, input: path });
  }
}

/** A hub. Looked at by its shape, since two copies of the package may be loaded. */
export const hub = z.custom<Breakwater>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    ['registry', 'policies', 'readinessOf'].every((member) => member in value),
  { error: (issue) => `must be a hub, as createBreakwater() gives, not ${shown(issue.input)}` },
);

/** @throws {InvalidOptionsError} when `given` is no hub */
export function checkHub(given: unknown, caller: string): Breakwater {
  return parseOptions(options({ breakwater: hub }), { breakwater: given }, '', `The argument of ${caller}`)
    .breakwater;
}

/** @throws {InvalidOptionsError} when `caller`, which takes no arguments, was given some */
export function checkNoArguments(given: readonly unknown[], caller: string): void {
  if (given.length === 0) return;
  throw new InvalidOptionsError('', `The argument of ${caller} cannot be used`, [
    { path: '', message: `must be left out, not ${shown(given[0])}` },
  ]);
}
