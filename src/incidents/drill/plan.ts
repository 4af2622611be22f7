import { suggest } from '../../core/options.ts';
import { durationText } from '../duration-text.ts';
import { isOpen } from '../incident/status.ts';
import type { DrilledPolicy, DrillPorts } from './ports.ts';
import type { DrillPlan } from './progress.ts';
import type { DrillScenario } from './scenario.ts';

/** How a drill is asked for. */
export interface DrillRequest {
  readonly scenario: DrillScenario;
  /** Who plays it. */
  readonly by: string;
  /** Whether it is played though an incident of one of its policies is open. */
  readonly anyway: boolean;
}

/** The policies of a scenario that there are. */
export function policiesOf(
  scenario: DrillScenario,
  ports: Pick<DrillPorts, 'policy'>,
): readonly DrilledPolicy[] {
  return scenario.policies.flatMap((name) => ports.policy(name) ?? []);
}

/** What a drill would do now, and what keeps it from being played. */
export function planOf({ scenario, anyway }: DrillRequest, ports: DrillPorts): DrillPlan {
  const policies = policiesOf(scenario, ports);
  const opening = scenario.effect === 'open' ? policies : [];
  return {
    objections: [
      ...notAllowed(ports),
      ...unknownPolicies(scenario, ports),
      ...opening.flatMap(nothingToOpen),
      ...(anyway ? [] : realIncidents(scenario, ports)),
      ...drillsLeft(ports),
    ],
    effects: [
      ...opening.flatMap((policy) => effectsOn(policy, scenario)),
      ...(scenario.effect === 'observe' ? ['Touches no circuit: calls go on as they are.'] : []),
      scenario.notify ? 'Tells every configured sink, marked DRILL.' : 'Tells no sink.',
    ],
    affectsCalls: opening.some(({ circuits }) =>
      circuits.some(({ state, shadow }) => state === 'closed' && !shadow),
    ),
  };
}

type Objections = DrillPlan['objections'];

function notAllowed({ allowed }: DrillPorts): Objections {
  if (allowed) return [];
  const message =
    'are not allowed by the application; write incidents: { drills: true } in the options of createBreakwater()';
  return [{ path: 'drills', message }];
}

function unknownPolicies({ policies }: DrillScenario, ports: DrillPorts): Objections {
  return policies.flatMap((name, at) => {
    if (ports.policy(name) !== undefined) return [];
    const known = ports.policyNames();
    const suggestion = suggest(name, known);
    const hint =
      suggestion === undefined ? `there are ${known.join(', ') || 'none'}` : `did you mean '${suggestion}'?`;
    return [{ path: `policies[${at}]`, message: `'${name}' is not a policy; ${hint}` }];
  });
}

function nothingToOpen({ name, circuits }: DrilledPolicy): Objections {
  if (circuits.some(({ state }) => state === 'closed')) return [];
  const message =
    circuits.length === 0
      ? `'${name}' has no circuit to open; effect: observe plays the drill without`
      : `'${name}' has no closed circuit: something is the matter with it already`;
  return [{ path: 'effect', message }];
}

function realIncidents({ policies }: DrillScenario, ports: DrillPorts): Objections {
  return ports
    .open()
    .filter(({ policy, drill, status }) => !drill && isOpen(status) && policies.includes(policy))
    .map(({ id, policy }) => ({
      path: 'policies',
      message: `'${policy}' has an open incident, ${id}: nobody should have to tell the two apart; --anyway plays it all the same`,
    }));
}

function drillsLeft(ports: DrillPorts): Objections {
  return ports
    .open()
    .filter(({ drill }) => drill)
    .map(({ id }) => ({
      path: 'drill',
      message: `is being played already: ${id}; two at once could not be told apart`,
    }));
}

function effectsOn(policy: DrilledPolicy, { durationMs }: DrillScenario): readonly string[] {
  const { name, circuits, hasFallback, callsInFlight, dependants } = policy;
  const closed = circuits.filter(({ state }) => state === 'closed');
  if (closed.length === 0) return [];
  const enforced = closed.some(({ shadow }) => !shadow);
  const many = closed.length === 1 ? 'the circuit' : `${closed.length} circuits`;
  const felt = !enforced
    ? 'it only watches, so that no call is turned away'
    : hasFallback
      ? 'real calls are answered by its fallback, or rejected'
      : 'real calls are rejected';
  const inFlight = callsInFlight === 0 ? '' : ` ${callsInFlight} calls are in flight.`;
  const others = dependants.length === 0 ? '' : ` Those feel it too: ${dependants.join(', ')}.`;
  return [`Opens ${many} of '${name}' for at most ${durationText(durationMs)}: ${felt}.${inFlight}${others}`];
}
