import pTimeout from 'p-timeout';
import { pino } from 'pino';
import { register } from 'prom-client';
import type { z } from 'zod';
import { AttemptBudget } from './core/attempt-budget.ts';
import { wallNow } from './core/clock.ts';
import { LONGEST_TIMER_MS } from './core/deadlines.ts';
import { diagnosticsChannels } from './core/diagnostics.ts';
import { ClosedError, InvalidOptionsError, type OptionsProblem } from './core/errors.ts';
import { type EventListener, type EventName, Events, eventNames } from './core/events.ts';
import type { Component } from './core/observer.ts';
import { parseOptions, problemsIn, shown } from './core/options.ts';
import type { Strategy } from './core/pipeline.ts';
import { Policy as AnyPolicy } from './core/policy.ts';
import { PolicyRuntime } from './core/runtime.ts';
import { Tracer, type Tracing, tracingSchema } from './core/tracing.ts';
import { type BreakwaterOptions, closeSchema, hubSchema, incidentSettingsOf } from './hub-options.ts';
import { IncidentControl } from './incident-control.ts';
import { incidentStatuses } from './incidents/incident/status.ts';
import type { Incidents } from './incidents/incidents.ts';
import type { Logger } from './incidents/logger.ts';
import type { IncidentManager } from './incidents/manager.ts';
import type { IncidentSettings } from './incidents/options.ts';
import { startIncidents } from './incidents/start.ts';
import { logInternalErrors } from './internal-error-log.ts';
import { Members } from './members.ts';
import { HubMetrics, type JoinFamilies } from './metrics/hub-metrics.ts';
import type { MetricsRegistry } from './metrics/prom-metrics.ts';
import {
  type OwnOrder,
  optionNames,
  type Policy,
  type PolicyOptions,
  policySchema,
  type Readiness,
  withDefaults,
} from './policy-options.ts';
import { logRisks } from './risk-log.ts';
import { SloRegistry } from './slo/live/registry.ts';
import type { BreakwaterSnapshot } from './snapshot.ts';
import { absentKeys, standardLayers } from './strategies/standard.ts';
import { logUpdates } from './update-log.ts';
import { VERSION } from './version.ts';

/** Events of a policy's own doing are named after it; what concerns no policy is named so. */
const NO_POLICY = '';

/**
 * Makes a hub: the policies of an application, their metrics, objectives and incidents.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options
 */
export function createBreakwater(given: BreakwaterOptions = {}): Breakwater {
  return new Breakwater(given);
}

/** The hub. Made by `createBreakwater()`. */
export class Breakwater {
  /** Service level objectives and their error budgets. */
  readonly slo: SloRegistry;
  /** The registry that the metrics are in. */
  readonly registry: MetricsRegistry;
  readonly #members = new Members();
  readonly #events: Events;
  readonly #tracer = new Tracer();
  readonly #incidents: IncidentManager;
  readonly #control: IncidentControl;
  readonly #metrics: HubMetrics;
  readonly #defaults: PolicyOptions;
  /** Policies that were removed with calls in flight, until those are over. */
  readonly #leaving = new Set<Policy>();
  #closing: Promise<void> | undefined = undefined;

  /** @internal */
  constructor(given: BreakwaterOptions) {
    const settings = parseOptions(hubSchema, given, NO_POLICY, 'Options of createBreakwater()');
    const logger = settings.logger ?? pino({ name: 'breakwater' });
    this.#defaults = withDefaults({}, given.defaults ?? {});
    this.registry = settings.registry ?? register;
    this.#events = new Events((policy, error, heard) => {
      this.#metrics.failedInside('event-listener');
      // A listener to internal errors that throws is not told of itself.
      if (heard !== 'internal-error') this.#announce(policy, 'event-listener', error);
    }, diagnosticsChannels);
    this.slo = new SloRegistry({
      announce: (event) => {
        if (this.#events.heard.slo) this.#events.emit('slo', event);
      },
      report: (policy, error) => this.#report(policy, 'slo', error),
    });
    this.#metrics = new HubMetrics({
      registry: this.registry,
      durationBuckets: settings.durationBuckets,
      version: VERSION,
      families: this.slo.metricFamilies,
    });
    logInternalErrors(this.#events, logger);
    logRisks(this.#events, logger);
    logUpdates(this.#events, logger);
    const incidents = incidentSettingsOf(settings.incidents);
    this.#incidents = this.#makeIncidents(incidents, settings.incidents === false, logger);
    this.#control = new IncidentControl({
      settings: incidents,
      incidents: this.#incidents,
      events: this.#events,
      policies: () => this.policies,
      facts: (policy) => this.#members.factsOf(policy),
      snapshot: () => this.snapshot(),
      metrics: () => this.registry.metrics(),
      report: (error) => this.#report(NO_POLICY, 'incidents', error),
    });
  }

  /** @internal The options that every policy starts from. */
  get defaults(): Omit<PolicyOptions, 'strategies'> {
    return this.#defaults;
  }

  /** Incidents, open and past. With `incidents: false` only those declared by hand, which nobody is told of. */
  get incidents(): Incidents {
    return this.#incidents;
  }

  /**
   * Makes the policy of a dependency. What its operations get as `target` is what the endpoints of its `failover` have;
   * with layers in an order of your own, say the type: `policy<Pool>(name, { strategies: [failover(...)] })`.
   *
   * @param name 1 to 128 characters without control characters; it is also the metrics' label
   * @throws {InvalidOptionsError} when the name is taken or an option is wrong; nothing is left half-made
   * @throws {ClosedError} after `close()`
   */
  policy<Target = unknown>(name: string, given: OwnOrder<Target>): Policy<Target>;
  policy<Target = undefined>(name: string, given?: PolicyOptions<Target>): Policy<Target>;
  policy(name: string, given: PolicyOptions = {}): Policy {
    if (this.#closing !== undefined) throw new ClosedError(String(name), 'The hub');
    const subject = `Options of policy '${name}'`;
    const problems = [
      ...problemsIn(() => this.#members.checkName(name)),
      ...problemsIn(() => parseOptions(policySchema, given, String(name), subject)),
    ];
    if (problems.length > 0)
      throw new InvalidOptionsError(String(name), `${subject} cannot be used`, problems);
    const merged = withDefaults(this.#defaults, given);
    const settings = parseOptions(policySchema, merged, name, subject);
    const strategies = given.strategies ?? standardLayers(merged);
    this.#members.claim(name, strategies);
    try {
      const policy = this.#makePolicy(name, settings, strategies);
      const hasFallback = strategies.some(({ kind }) => kind === 'fallback' || kind === 'cache-fallback');
      const { readiness, dependsOn, usedBy, runbook } = settings;
      this.#members.add({ policy, hasFallback, readiness, dependsOn, usedBy, runbook });
      this.slo.policyMade(name);
      this.#incidents.policyMade(name);
      policy.examine({
        assumed: new Set(given.strategies === undefined ? absentKeys(merged) : []),
        latencyThresholdMs: settings.slo?.latency?.thresholdMs,
      });
      return policy;
    } catch (error) {
      this.#metrics.remove(name);
      this.slo.remove(name);
      this.#members.unclaim(strategies);
      throw error;
    }
  }

  /**
   * The policy of that name.
   *
   * @typeParam Target what the endpoints of its `failover` have as `target`, which the name alone does not tell
   * @throws {InvalidOptionsError} when there is none, with the name that was probably meant
   */
  get<Target = unknown>(name: string): Policy<Target>;
  get(name: string): Policy {
    return this.#members.get(name).policy;
  }

  /** Whether there is a policy of that name. */
  has(name: string): boolean {
    return this.#members.has(name);
  }

  /**
   * Takes a policy away: it turns new calls away, its metrics and objectives end, and its name is free again.
   * Alerts and a freeze of its error budgets end with it: the event `slo` says so, with the reason `removed`.
   *
   * @returns whether there was one
   */
  remove(name: string): boolean {
    const member = this.#members.find(name);
    if (member === undefined) return false;
    const { policy } = member;
    policy.dispose();
    this.#leaving.add(policy);
    void policy.idle().then(() => this.#leaving.delete(policy));
    this.#members.remove(name);
    this.#metrics.remove(name);
    this.slo.remove(name);
    this.#incidents.policyRemoved(name);
    return true;
  }

  /** All policies, in the order in which they were made. */
  get policies(): readonly Policy[] {
    return this.#members.all.map(({ policy }) => policy);
  }

  /** Whether `/readyz` waits for the policy's dependency. */
  readinessOf(name: string): Readiness {
    return this.#members.get(name).readiness;
  }

  /**
   * Calls `listener` at each event of that name, and returns the function that ends it. A listener that throws is
   * reported as an `internal-error` and harms nobody.
   */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    const problems: OptionsProblem[] = [];
    if (!eventNames.includes(name)) {
      problems.push({
        path: 'event',
        message: `must be one of ${eventNames.join(', ')}, not ${shown(name)}`,
      });
    }
    if (typeof listener !== 'function') {
      problems.push({ path: 'listener', message: `must be a function, not ${shown(listener)}` });
    }
    if (problems.length > 0)
      throw new InvalidOptionsError(NO_POLICY, 'breakwater.on() cannot listen', problems);
    return this.#events.on(name, listener);
  }

  /**
   * Asks `tracing` at the start of each call what traces it, hands that on with the call's events, and makes exemplars
   * of it where the registry is OpenMetrics. The one that was set last is asked. What it throws is reported as an
   * `internal-error` and harms no call.
   *
   * @returns the function that takes it away
   * @throws {InvalidOptionsError} when `tracing` is none
   */
  useTracing(tracing: Tracing): () => void {
    parseOptions(tracingSchema, { tracing }, NO_POLICY, 'The argument of breakwater.useTracing()');
    return this.#tracer.use(tracing);
  }

  /** @internal Lets another exporter than the registry read the metrics, until it ends that or the hub is closed. */
  shareMetrics(join: JoinFamilies): () => void {
    return this.#metrics.share(join);
  }

  /** The state of all policies now, as plain data. */
  snapshot(): BreakwaterSnapshot {
    const policies = this.#members.all.map(({ policy, readiness }) => ({
      name: policy.name,
      criticality: policy.criticality,
      readiness,
      circuits: policy.circuits.map((circuit) => circuit.toJSON()),
      stats: policy.stats(),
    }));
    return { time: wallNow(), version: VERSION, policies, slo: this.slo.report() };
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Turns new calls away, waits for those in flight, flushes the sinks, stops every timer and takes the metrics out
   * of the registry. Calls that outlast the wait go on unprotected by it; calling it again waits for the same.
   * It says nothing of alerts and freezes that have not ended: they end with the service's trouble, not with a process.
   *
   * @param given.timeoutMs how long to wait for calls, and again for sinks, in milliseconds. Default 10 000.
   */
  async close(given: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    const { timeoutMs } = parseOptions(closeSchema, given, NO_POLICY, 'Options of breakwater.close()');
    this.#closing ??= this.#close(timeoutMs);
    await this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const policies = this.policies;
    const controlClosed = this.#control.close();
    for (const policy of policies) policy.stopTaking();
    const idle = Promise.all([...policies, ...this.#leaving].map((policy) => policy.idle()));
    await pTimeout(idle, { milliseconds: Math.min(timeoutMs, LONGEST_TIMER_MS), fallback: () => undefined });
    await controlClosed;
    await this.#incidents.close({ timeoutMs });
    for (const policy of policies) policy.dispose();
    this.#metrics.close();
    this.slo.close();
    this.#events.clear();
    this.#tracer.clear();
  }

  #makeIncidents(settings: IncidentSettings, off: boolean, logger: Logger): IncidentManager {
    return startIncidents(settings, {
      // What is off hears nothing.
      events: off ? new Events(() => {}) : this.#events,
      logger,
      counters: this.#metrics.trackIncidents(
        incidentStatuses,
        settings.sinks.map(({ name }) => name),
      ),
      facts: (policy) => this.#members.factsOf(policy),
      dependants: (policy) => this.#members.dependantsOf(policy),
      objectives: (policy) => this.slo.report(policy).flatMap(({ objectives }) => objectives),
      traceId: (trace) => this.#tracer.exemplar(trace)?.trace_id,
      report: (policy, component, error) => this.#report(policy, component, error),
    });
  }

  #makePolicy(
    name: string,
    settings: z.output<typeof policySchema>,
    strategies: readonly Strategy[],
  ): Policy {
    const { slo, classify, criticality, attemptBudget } = settings;
    const counts = this.#metrics.policy(name, {
      latencyThresholdMs: slo?.latency?.thresholdMs,
      sliSink: slo === undefined ? undefined : this.slo.track(name, slo),
    });
    const runtime = new PolicyRuntime(name, this.#events, counts, classify, this.#tracer);
    if (attemptBudget !== undefined) runtime.budget = new AttemptBudget(attemptBudget);
    runtime.hazards.silence(settings.silenceHazards);
    const policy = new AnyPolicy({ runtime, strategies, optionNames, criticality, counts });
    this.#metrics.watchCircuits(name, () => policy.circuits.map(({ state }) => state));
    this.#metrics.watchLayers(name, policy.samples);
    return policy;
  }

  #report(policy: string, component: Component, error: unknown): void {
    this.#metrics.failedInside(component);
    this.#announce(policy, component, error);
  }

  #announce(policy: string, component: Component, error: unknown): void {
    if (this.#events.heard['internal-error']) {
      this.#events.emit('internal-error', { policy, time: wallNow(), component, error });
    }
  }
}
