import type { EndpointState } from './endpoint.ts';

/**
 * The one to be used among endpoints that can be.
 *
 * @param candidates in the order of preference: by priority, then as given
 * @param random from 0, below 1; asked where they are balanced only
 */
export function pick(
  candidates: readonly EndpointState[],
  isBalanced: boolean,
  now: number,
  random: () => number,
): EndpointState | undefined {
  const [best] = candidates;
  if (best === undefined || !isBalanced) return best;
  const peers = candidates.filter(({ priority }) => priority === best.priority);
  const first = drawn(peers, random());
  if (first === undefined || peers.length === 1) return best;
  const isEven = peers.every(({ weight }) => weight === first.weight);
  // Two that must differ would be the same two each time where there are two, and a lighter one gets more than its share.
  const others = isEven ? peers.filter((peer) => peer !== first) : peers;
  const second = drawn(others, random()) ?? first;
  // Both were drawn by weight, so an idle moment keeps the weights; busy ones have in flight what their weights say.
  return second.load(now) / second.weight < first.load(now) / first.weight ? second : first;
}

/** One of the endpoints, by weight. */
function drawn(endpoints: readonly EndpointState[], random: number): EndpointState | undefined {
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  let left = random * total;
  for (const endpoint of endpoints) {
    left -= endpoint.weight;
    if (left < 0) return endpoint;
  }
  return endpoints.at(-1);
}

/** By priority, then as given. */
export function byPreference<Ranked extends { readonly priority: number }>(
  given: readonly Ranked[],
): readonly Ranked[] {
  return [...given].sort((a, b) => a.priority - b.priority);
}
