import type { Figures } from '../figures.ts';
import type { Row, ValueMapping } from '../json.ts';
import { OPEN_INCIDENTS } from '../open-incidents.ts';
import { stat } from '../panels.ts';
import { table, type ValueColumn } from '../tables.ts';
import type { Thresholds } from '../thresholds.ts';

/** Where the objectives stand, by how much of the budget is left. */
const statuses: readonly ValueMapping[] = [
  { value: 0, text: 'Missed', color: 'red' },
  { value: 1, text: 'At risk', color: 'orange' },
  { value: 2, text: 'Met', color: 'green' },
];

/** Where everything stands, at a glance. */
export function objectivesRow(figures: Figures, { atRiskRemaining }: Thresholds): Row {
  const { budgetRemaining, noData, ofPolicies, ofService } = figures;
  const columns: readonly ValueColumn[] = [
    { name: 'Objective', expr: figures.objective, unit: 'percentunit' },
    { name: 'Good in the period', expr: figures.sli, unit: 'percentunit', decimals: 3 },
    {
      name: 'Budget left',
      expr: budgetRemaining,
      unit: 'percentunit',
      decimals: 1,
      coloured: 'text',
      thresholds: [
        { value: null, color: 'red' },
        { value: 0, color: 'orange' },
        { value: atRiskRemaining, color: 'green' },
      ],
    },
    {
      name: 'Budget lasts',
      expr: figures.timeToExhaustion,
      unit: 's',
      decimals: 1,
      noValue: 'no end in sight, or spent',
    },
    {
      name: 'Status',
      expr: `(${budgetRemaining} >= bool 0) + (${budgetRemaining} >= bool ${atRiskRemaining})`,
      mappings: statuses,
      coloured: 'background',
      noValue: 'no data',
    },
  ];
  return {
    title: 'Objectives',
    panels: [
      table({
        title: 'Objectives and what is left of their budgets',
        description:
          'An **objective** is the share of calls that are to be good, such as 99.9 %. The rest is the **error ' +
          'budget**: the calls that may be bad within the period. *Budget left* is 100 % while none was bad, 0 % when ' +
          'the budget is spent, and negative when it is overspent: then the objective is missed. *Budget lasts* is ' +
          'how long it takes at the pace of the last hour until nothing is left.',
        width: 18,
        height: 8,
        noValue: noData,
        labels: { policy: 'Policy', sli: 'Indicator' },
        hiddenLabels: ['slo'],
        columns,
      }),
      stat({
        title: 'Open incidents',
        description:
          'Incidents that are open now. A circuit that opens declares one, or joins one that is open.',
        width: 3,
        height: 8,
        decimals: 0,
        min: 0,
        noValue: 'not reported',
        thresholds: [
          { value: null, color: 'green' },
          { value: 1, color: 'red' },
        ],
        queries: [{ expr: `sum(${ofService('breakwater_incidents', OPEN_INCIDENTS)})`, legend: 'open' }],
      }),
      stat({
        title: 'Circuits not closed',
        description:
          'Circuits that are not closed now, in all instances. While a circuit is **open**, calls are turned away at ' +
          'once; while it is **half-open**, a few are let through to see whether the dependency is back.',
        width: 3,
        height: 8,
        decimals: 0,
        min: 0,
        noValue: 'no circuits',
        thresholds: [
          { value: null, color: 'green' },
          { value: 1, color: 'orange' },
        ],
        queries: [
          {
            expr: `sum(${ofPolicies('breakwater_circuit_state', 'state!="closed"')})`,
            legend: 'not closed',
          },
        ],
      }),
    ],
  };
}
