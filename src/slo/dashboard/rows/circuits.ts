import type { Figures } from '../figures.ts';
import type { Row, ValueMapping } from '../json.ts';
import { stateTimeline, timeSeries } from '../panels.ts';

/** The states of a circuit as numbers, the worst one highest. */
const states = [
  { value: 0, state: 'closed', text: 'Closed', color: 'green' },
  { value: 1, state: 'disabled', text: 'Disabled', color: 'blue' },
  { value: 2, state: 'half-open', text: 'Half-open', color: 'yellow' },
  { value: 3, state: 'open', text: 'Open', color: 'red' },
  { value: 4, state: 'forced-open', text: 'Forced open', color: 'purple' },
] as const satisfies readonly (ValueMapping & { state: string })[];

/** What the circuit breakers did. */
export function circuitsRow({ ofPolicies }: Figures): Row {
  // Each series of a state is 0 where no circuit is in it, and else the state's number.
  const numbered = states
    .map(
      ({ value, state }) =>
        `${value} * (${ofPolicies('breakwater_circuit_state', `state="${state}"`)} > bool 0)`,
    )
    .join(' or ');
  const transitions = ofPolicies('breakwater_circuit_transitions_total', 'to="open"');
  return {
    title: 'Circuits',
    panels: [
      stateTimeline({
        title: 'Circuit states',
        description:
          'The state of each policy’s circuit; where it has several, in one instance or in many, the worst. **Closed**: ' +
          'calls go through. **Open**: the dependency failed too often, and calls are turned away at once. ' +
          '**Half-open**: a few probes find out whether it is back. **Forced open** and **disabled** are by hand.',
        width: 16,
        height: 8,
        noValue: 'no circuits',
        mappings: states.map(({ value, text, color }) => ({ value, text, color })),
        thresholds: [{ value: null, color: 'text' }],
        queries: [{ expr: `max by (policy) (${numbered})`, legend: '{{policy}}' }],
      }),
      timeSeries({
        title: 'Circuits that opened',
        description:
          'How often circuits opened, from closed and after failed probes, within each step. Many openings in a ' +
          'short time mean that the dependency comes and goes.',
        width: 8,
        height: 8,
        decimals: 1,
        min: 0,
        axisSoftMax: 2,
        noValue: 'no circuits',
        queries: [
          {
            expr: `sum by (policy) (increase(${transitions}[$__rate_interval]))`,
            legend: '{{policy}}',
          },
        ],
      }),
    ],
  };
}
