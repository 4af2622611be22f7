import { endpointOutcomes, type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import type { EndpointState } from './endpoint.ts';

/** The series of one endpoint. */
export function endpointSamples(endpoint: EndpointState, isEjected: () => boolean): readonly LayerSample[] {
  const labels = { endpoint: endpoint.name };
  return [
    ...endpointOutcomes.map((outcome) => ({
      family: layerFamilies.endpointAttempts,
      labels: { ...labels, outcome },
      read: () => endpoint.ended(outcome),
    })),
    { family: layerFamilies.endpointInFlight, labels, read: () => endpoint.inFlight },
    { family: layerFamilies.endpointEjected, labels, read: () => (isEjected() ? 1 : 0) },
  ];
}
