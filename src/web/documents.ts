import type { Breakwater } from '../breakwater.ts';
import type { Circuit, CircuitState } from '../core/circuit.ts';
import type { Policy } from '../core/policy.ts';
import { renderMetrics } from '../metrics/render.ts';
import type { Readiness } from '../policy-options.ts';
import { jsonAnswer, type LongWebAnswer, type WebAnswer } from './answers.ts';

/** What `/readyz` says. */
export interface ReadinessDocument {
  readonly status: 'ready' | 'not-ready' | 'closing';
  /** By name. */
  readonly policies: Readonly<Record<string, PolicyReadiness>>;
}

/** A policy as `/readyz` sees it. */
export interface PolicyReadiness {
  /** State of its circuit; `disabled` where it has none. */
  readonly state: CircuitState;
  readonly readiness: Readiness;
  /** False only for a required policy whose circuit turns calls away. */
  readonly ready: boolean;
}

const HEALTH = jsonAnswer(200, { status: 'ok' });

/** What `/metrics` answers: all metrics of the hub's registry, or 500 when one of them cannot be collected. */
export async function metricsAnswer({ registry }: Breakwater): Promise<LongWebAnswer> {
  const rendered = await renderMetrics(registry).catch(() => undefined);
  const body = rendered ?? [Buffer.from('The metrics cannot be collected.\n')];
  return {
    statusCode: rendered === undefined ? 500 : 200,
    headers: {
      'content-type': rendered === undefined ? 'text/plain; charset=utf-8' : registry.contentType,
      'content-length': String(body.reduce((length, part) => length + part.length, 0)),
      'cache-control': 'no-store',
    },
    body,
  };
}

/** What `/healthz` answers: the process is alive, whatever its dependencies do. */
export function healthAnswer(): WebAnswer {
  return HEALTH;
}

/**
 * What `/readyz` answers: 200, or 503 once the hub is closing or a policy with `readiness: 'required'` has an open
 * circuit; of one with several, those of all endpoints, and of all keys seen lately. Every other open circuit leaves it at 200, since all replicas share the dependency: were all taken out of
 * service, nobody would serve from a cache and nobody would probe. A half-open circuit needs calls, so it is ready.
 */
export function readinessAnswer(breakwater: Breakwater): WebAnswer {
  const policies = breakwater.policies.map((policy): [string, PolicyReadiness] => [
    policy.name,
    readinessOf(policy, breakwater.readinessOf(policy.name)),
  ]);
  const isReady = policies.every(([, { ready }]) => ready);
  const status = breakwater.closed ? 'closing' : isReady ? 'ready' : 'not-ready';
  const document: ReadinessDocument = { status, policies: Object.fromEntries(policies) };
  return jsonAnswer(status === 'ready' ? 200 : 503, document);
}

/** Whether all calls of the policy are turned away, as far as its circuits say. */
function turnsAllAway({ circuit, circuits }: Policy): boolean {
  if (circuits.every(isOfAll)) return circuits.length > 0 && circuits.every(isOpen);
  const around = circuit.governs ? [] : circuits.filter((one) => !isOfAll(one) && one.key === undefined);
  if (around.length === 0) return allOpen(circuit, circuits);
  return around.every((one) => allOpen(one, circuits));
}

/** Whether no call gets through one that others of keys may be behind. One that no call uses says nothing. */
function allOpen(around: Circuit, circuits: readonly Circuit[]): boolean {
  if (around.governs) return isOpen(around);
  const ofKeys = circuits.filter(({ key, endpoint }) => key !== undefined && endpoint === around.endpoint);
  const isUnused = ofKeys.length > 0 && around.state === 'closed' && around.window.attempts === 0;
  return (isUnused || isOpen(around)) && ofKeys.every(isOpen);
}

function isOfAll({ key, endpoint }: Circuit): boolean {
  return key === undefined && endpoint === undefined;
}

function isOpen({ state, shadow }: Circuit): boolean {
  return !shadow && (state === 'open' || state === 'forced-open');
}

function readinessOf(policy: Policy, readiness: Readiness): PolicyReadiness {
  const ready = readiness === 'optional' || !turnsAllAway(policy);
  return { state: policy.circuit.state, readiness, ready };
}
