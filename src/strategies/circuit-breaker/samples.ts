import {
  endpointCircuitStates,
  type LayerSample,
  layerFamilies,
  shadowSample,
} from '../../core/layer-metrics.ts';
import type { Circuits } from './circuits.ts';
import { probeResults } from './health-checks.ts';

/** What a circuit breaker exposes beside the states of its circuits. Keys are in none of it. */
export function circuitSamples(circuits: Circuits): readonly LayerSample[] {
  const { runtime, probes } = circuits;
  return [
    shadowSample('circuit_open', runtime.shadowRejections, () => circuits.settings.mode === 'shadow'),
    {
      family: layerFamilies.circuitKeys,
      labels: {},
      read: () => (circuits.settings.perKey === undefined ? undefined : circuits.keys),
    },
    ...probeResults.map((result) => ({
      family: layerFamilies.circuitProbes,
      labels: { result },
      read: () =>
        circuits.settings.probe === undefined && probes[result] === 0 ? undefined : probes[result],
    })),
    ...circuits.endpointNames.flatMap((endpoint) =>
      endpointCircuitStates.map((state) => ({
        family: layerFamilies.endpointCircuitState,
        labels: { endpoint, state },
        read: () => (circuits.ofEndpoint(endpoint)?.state === state ? 1 : 0),
      })),
    ),
  ];
}
