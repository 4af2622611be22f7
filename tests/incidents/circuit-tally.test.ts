import { expect, it } from 'vitest';
import type { CircuitState } from '../../src/core/circuit.ts';
import { type SeenCircuit, spreadOf, tallyOf, tallyText } from '../../src/incidents/circuit-tally.ts';

const circuit = (state: CircuitState, of: Partial<SeenCircuit> = {}): SeenCircuit => ({
  state,
  shadow: false,
  ...of,
});

const several = [
  circuit('open', { endpoint: 'a' }),
  circuit('open', { endpoint: 'a', key: 'x' }),
  circuit('half-open', { endpoint: 'b', key: 'y' }),
  circuit('closed', { endpoint: 'b' }),
  circuit('disabled', { key: 'z' }),
  circuit('open', { key: 'watched', shadow: true }),
];

it('counts what turns calls away or probes, not what is disabled or only watches', () => {
  expect(tallyOf([circuit('closed'), ...several])).toMatchObject({
    ownOpen: false,
    letsAllThrough: false,
    endpoints: 2,
    endpointsOpen: 1,
    openEndpoints: ['a'],
    keys: 3,
    keysOpen: 2,
  });
});

it('counts nothing beneath a circuit that a person disabled for all', () => {
  const tally = tallyOf([circuit('disabled', { governs: true }), ...several]);
  expect(tally).toMatchObject({ ownOpen: false, letsAllThrough: true, endpointsOpen: 0, keysOpen: 0 });
  expect(tallyText(tally)).toContain('all calls are let through');
  expect(tallyOf([circuit('disabled', { governs: false }), ...several])).toMatchObject({
    letsAllThrough: false,
    endpointsOpen: 1,
    keysOpen: 2,
  });
});

it('counts the keys of other endpoints where one is disabled', () => {
  const [, ...others] = several;
  const tally = tallyOf([circuit('closed'), circuit('disabled', { endpoint: 'a' }), ...others]);
  expect(tally).toMatchObject({ letsAllThrough: false, endpointsOpen: 0, keysOpen: 1 });
  expect(tally.worst.map(({ key }) => key)).toEqual(['y']);
});

it('counts an endpoint that is ejected and open once, and takes for granted that another stands in', () => {
  const tally = tallyOf([circuit('closed'), ...several]);
  expect(spreadOf(tally, ['a'], 2)).toMatchObject({ endpoints: 2, endpointsOpen: 1 });
  expect(spreadOf(tally, ['a', 'b'], 2)).toMatchObject({ endpoints: 2, endpointsOpen: 2 });
  const single = tallyOf([circuit('closed')]);
  expect(spreadOf(single, [], undefined)).toBeUndefined();
  expect(spreadOf(single, ['a'], undefined)).toMatchObject({ endpoints: 2, endpointsOpen: 1 });
  expect(spreadOf(single, ['a'], 1)).toMatchObject({ endpoints: 1, endpointsOpen: 1 });
});
