import { wallNow } from '../../core/clock.ts';
import type { LimitControl } from '../../core/control.ts';
import { ClosedError, InvalidOptionsError } from '../../core/errors.ts';
import { parseOptions, suggest } from '../../core/options.ts';
import { afterDelay } from '../../core/timers.ts';
import { durationText } from '../duration-text.ts';
import type { ChangeOf } from '../incident/changes/change.ts';
import type { IncidentStatus } from '../incident/status.ts';
import type { IncidentPorts } from '../ports.ts';
import { redact } from '../redact.ts';
import { HeldCircuits } from './held-circuits.ts';
import { valueProblem } from './limit-bounds.ts';
import { type PolicyRecovery, recoveryOptions, standInText, whyNot } from './options.ts';
import { type CheckedRequest, type RecoveryRequest, recoveryRequestSchema } from './request.ts';
import type { PolicySteering } from './steering.ts';

/** What the controls need. */
export interface RecoveryPorts extends Pick<IncidentPorts, 'facts' | 'report'> {
  /** Records a change of an incident. It is told of nobody: what a person does by hand pages nobody. */
  readonly record: (incident: string, change: ChangeOf<'steered'>) => void;
}

/** A control that holds. */
interface Hold {
  readonly incident: string;
  readonly policy: string;
  readonly control: string;
  /** What it does, for the texts. */
  readonly what: string;
  readonly by: string;
  readonly until: number;
  readonly cancel: () => void;
  /** Undoes it, where it is still in force. */
  readonly undo: () => void;
  /** The circuits that it holds; none where it changes a limit. */
  readonly circuits?: HeldCircuits | undefined;
}

const SUBJECT = 'Arguments of incidents.recover()';

/**
 * What people do to policies during incidents through the library. Each use is recorded on its incident, with who did
 * it, and so is its end: by time, by hand, because something else took its place, or because the hub closes.
 */
export class RecoveryControls {
  readonly #ports: RecoveryPorts;
  /** By what they hold: the circuits of a policy, or one of its limits. */
  readonly #holds = new Map<string, Hold>();
  /** What drills hold, by their incidents. */
  readonly #lent = new Map<string, HeldCircuits>();
  #isClosed = false;

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
  }

  /** What can be done for an incident about each of the policies that there is. */
  options(policies: readonly string[], incident: string): readonly PolicyRecovery[] {
    return policies.flatMap((policy) => {
      const facts = this.#ports.facts(policy);
      if (facts === undefined) return [];
      return recoveryOptions(policy, facts, this.#own(policy, incident), (control, limit) => {
        const hold = this.#holds.get(slotOf(policy, limit));
        if (hold === undefined || hold.control !== control) return undefined;
        const { incident, by, until } = hold;
        return { incident, by, until };
      });
    });
  }

  /**
   * Does, or ends, something for an incident.
   *
   * @returns the change that it comes to, which is recorded already
   * @throws {InvalidOptionsError} naming everything that is wrong with the request, or why it can't be done
   * @throws {ClosedError} once the hub is closed
   */
  apply(
    incident: { readonly id: string; readonly policy: string; readonly status: IncidentStatus },
    given: RecoveryRequest,
  ): ChangeOf<'steered'> {
    const request = parseOptions(recoveryRequestSchema, given, incident.policy, SUBJECT);
    const policy = request.policy ?? incident.policy;
    if (incident.status === 'closed') {
      throw wrong(policy, 'id', 'names an incident that is closed: reopen it, or declare another');
    }
    if (this.#isClosed) throw new ClosedError(policy, 'The hub');
    const steering = this.#ports.facts(policy)?.steering;
    if (steering === undefined) {
      throw wrong(policy, 'policy', `there is no policy of the name '${policy}' that can be steered`);
    }
    if (request.end) return this.#endByHand(policy, request);
    const reason = whyNot(request.control, steering, this.#own(policy, incident.id));
    if (reason !== undefined) throw wrong(policy, 'control', reason);
    if (request.control === 'change-limit') return this.#changeLimit(incident.id, policy, steering, request);
    if (request.control === 'probe-now') return this.#probe(incident.id, policy, steering, request);
    return this.#holdCircuits(incident.id, policy, steering, request);
  }

  /** A drill's incident may do to the circuits that the drill holds what people would do in earnest. */
  lend(incident: string, policies: readonly string[], circuits: ReadonlySet<unknown>): void {
    const lent = policies
      .flatMap((policy) => this.#ports.facts(policy)?.steering?.circuits ?? [])
      .filter((circuit) => circuits.has(circuit));
    this.#lent.set(incident, HeldCircuits.of(lent));
  }

  /** An incident is over for good, and what was done for it. */
  incidentClosed(incident: string): void {
    this.#lent.delete(incident);
    for (const [slot, hold] of [...this.#holds]) {
      if (hold.incident === incident) this.#end(slot, undefined, 'its incident is over');
    }
  }

  /** A policy is gone, and all that was done to it with it. */
  policyRemoved(policy: string): void {
    for (const [slot, hold] of [...this.#holds]) {
      if (hold.policy === policy) this.#end(slot, undefined, 'the policy was removed');
    }
  }

  /** Ends everything. */
  close(): void {
    this.#isClosed = true;
    for (const slot of [...this.#holds.keys()]) this.#end(slot, undefined, 'the hub is closing');
  }

  #probe(
    id: string,
    policy: string,
    { circuits, openBeside = [] }: PolicySteering,
    request: CheckedRequest,
  ): ChangeOf<'steered'> {
    const { by, reason } = request;
    this.#end(slotOf(policy), by, 'a probe took its place', false);
    for (const circuit of [...circuits, ...openBeside])
      circuit.probeNow(`probe asked for by ${redact(by, 100)}`);
    return this.#record(id, {
      control: 'probe-now',
      text: withReason(`The circuit of '${policy}' was told to try the dependency now`, reason),
      by,
      ended: true,
    });
  }

  #holdCircuits(
    id: string,
    policy: string,
    steering: PolicySteering,
    request: CheckedRequest,
  ): ChangeOf<'steered'> {
    const { circuits } = steering;
    const { control, by, forMs, reason } = request;
    const closes = control === 'force-closed';
    const what = {
      'force-open': `all calls of '${policy}' are turned away`,
      'force-closed': `all calls of '${policy}' are let through`,
      'fallback-on': `all calls of '${policy}' are turned away, and ${standInText(steering)}`,
    }[control === 'force-closed' || control === 'fallback-on' ? control : 'force-open'];
    this.#end(slotOf(policy), by, `'${control}' took its place`, false);
    const held = HeldCircuits.begin(
      circuits,
      (circuit) => {
        if (closes) circuit.disable(forMs);
        else circuit.forceOpen(`forced open by ${redact(by, 100)}`, forMs);
      },
      letGo,
    );
    const begun = { incident: id, policy, control, what, by, circuits: held };
    return this.#hold(slotOf(policy), begun, request, reason, () => held.own.forEach(letGo));
  }

  #changeLimit(
    id: string,
    policy: string,
    steering: PolicySteering,
    request: CheckedRequest,
  ): ChangeOf<'steered'> {
    const { limit: name = '', value = 0, by, reason } = request;
    const limit = limitOf(policy, steering, name);
    const problem = valueProblem(limit, value);
    if (problem !== undefined) throw wrong(policy, 'value', problem);
    const slot = slotOf(policy, name);
    const what = `${name} of '${policy}' is ${value} instead of ${limit.configured}`;
    this.#end(slot, by, 'another value took its place', false);
    limit.set(value);
    const begun = { incident: id, policy, control: request.control, what, by };
    return this.#hold(slot, begun, request, reason, () => limit.set(undefined));
  }

  /** The circuits of a policy that a control holds, or the drill of this incident, and nobody else. */
  #own(policy: string, incident: string): PolicySteering['circuits'] {
    const held = this.#holds.get(slotOf(policy))?.circuits?.own ?? [];
    return [...held, ...(this.#lent.get(incident)?.own ?? [])];
  }

  #hold(
    slot: string,
    begun: Omit<Hold, 'until' | 'cancel' | 'undo'>,
    { forMs }: CheckedRequest,
    reason: string | undefined,
    undo: () => void,
  ): ChangeOf<'steered'> {
    const until = wallNow() + forMs;
    const cancel = afterDelay(forMs, () => this.#end(slot, undefined, 'its time is up'));
    this.#holds.set(slot, { ...begun, until, cancel, undo });
    const { incident, control, what, by } = begun;
    return this.#record(incident, {
      control,
      text: withReason(`For ${durationText(forMs)}, ${what}`, reason),
      by,
      until,
      ended: false,
    });
  }

  #endByHand(policy: string, { control, limit, by, reason }: CheckedRequest): ChangeOf<'steered'> {
    const slot = slotOf(policy, limit);
    const ended =
      this.#holds.get(slot)?.control === control ? this.#end(slot, by, reason ?? 'ended by hand') : undefined;
    if (ended === undefined) throw wrong(policy, 'end', `'${control}' does not hold for '${policy}'`);
    return ended;
  }

  /** @param undoes whether to undo it; not where something else takes its place */
  #end(slot: string, by: string | undefined, why: string, undoes = true): ChangeOf<'steered'> | undefined {
    const hold = this.#holds.get(slot);
    if (hold === undefined) return undefined;
    this.#holds.delete(slot);
    hold.cancel();
    try {
      if (undoes) hold.undo();
    } catch (error) {
      this.#ports.report(hold.policy, 'incidents', error);
    }
    const text = `It is over that ${hold.what}: ${why}`;
    return this.#record(hold.incident, { control: hold.control, text, by, ended: true });
  }

  #record(incident: string, fields: Omit<ChangeOf<'steered'>, 'type' | 'at'>): ChangeOf<'steered'> {
    const { by, text, ...rest } = fields;
    const safe = { ...rest, text: redact(`${text}.`), ...(by === undefined ? {} : { by: redact(by, 100) }) };
    const change: ChangeOf<'steered'> = { type: 'steered', at: wallNow(), ...safe };
    try {
      this.#ports.record(incident, change);
    } catch (error) {
      this.#ports.report('', 'incidents', error);
    }
    return change;
  }
}

/** Ends what holds a circuit: one that was let through is judged afresh, one that was held open tries first, or closes where calls have circuits of their own behind it. */
function letGo(circuit: PolicySteering['circuits'][number]): void {
  if (circuit.state === 'disabled') circuit.reset();
  else circuit.probeNow('what forced it open has ended');
}

/** What a control holds: one limit, or the circuits. */
function slotOf(policy: string, limit?: string): string {
  return JSON.stringify([policy, limit ?? null]);
}

function limitOf(policy: string, { limits }: PolicySteering, name: string): LimitControl {
  const limit = limits.find((known) => known.name === name);
  if (limit !== undefined) return limit;
  const names = limits.map((known) => known.name);
  const meant = suggest(name, names);
  const hint = meant === undefined ? `there are ${names.join(', ') || 'none'}` : `did you mean '${meant}'?`;
  throw wrong(policy, 'limit', `'${name}' is no limit of '${policy}'; ${hint}`);
}

function withReason(text: string, reason: string | undefined): string {
  return reason === undefined ? text : `${text}: ${reason}`;
}

function wrong(policy: string, path: string, message: string): InvalidOptionsError {
  return new InvalidOptionsError(policy, `${SUBJECT} cannot be used`, [{ path, message }]);
}
