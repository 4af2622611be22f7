import { type BreakwaterOptions, CircuitOpenError, createBreakwater, type Policy } from 'breakwater';
import * as forExpress from 'breakwater/express';
import * as forFastify from 'breakwater/fastify';
import { resilientFetch } from 'breakwater/fetch';
import { webhookSink } from 'breakwater/incidents';
import * as forOpenTelemetry from 'breakwater/otel';
import { resilientPool } from 'breakwater/pg';
import { errorBudget, readSpec, type SloSpec } from 'breakwater/slo';
import { Registry } from 'prom-client';

const options: BreakwaterOptions = { registry: new Registry(), incidents: { sinks: [] } };
const breakwater = createBreakwater(options);
const policy: Policy = breakwater.policy('database', { retry: { maxRetries: 2 } });

export const findUser: (id: number) => Promise<{ id: number }> = policy.wrap(async (id: number) => ({ id }));
export const get: typeof fetch = resilientFetch(breakwater);
export const opened: boolean = policy.circuit.breaker.opened;
export const error: Error = new CircuitOpenError('database', 1_000);
export const entries = [forExpress, forFastify, forOpenTelemetry, webhookSink, resilientPool];
export const spec: SloSpec = readSpec('version: breakwater/v1');
export const budget: number = errorBudget(0.999);

// @ts-expect-error: a wrong type is found, so that the types are known to be more than `any`
breakwater.policy('other', { retry: { maxRetries: 'many' } });
// @ts-expect-error: the same for breakwater/slo
errorBudget('99.9%');
// @ts-expect-error: the same for what opossum's types give
export const notANumber: number = policy.circuit.breaker.opened;
