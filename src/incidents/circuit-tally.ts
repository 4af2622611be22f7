import type { Circuit, CircuitState } from '../core/circuit.ts';
import { isoTime } from './incident/iso-time.ts';
import type { CircuitSpread } from './incident/severity.ts';
import { type NameKey, shownKey } from './key-name.ts';

/** What incidents look at of a circuit. */
export type SeenCircuit = Pick<Circuit, 'state' | 'shadow'> &
  Partial<Pick<Circuit, 'key' | 'endpoint' | 'since' | 'onset'>> & {
    /** Whether it holds for what has circuits of its own beneath it. Default: as if it did. */
    readonly governs?: boolean | undefined;
  };

/**
 * How many of a policy's circuits turn calls away or probe. Those that only watch are not counted, nor those that a
 * person disabled, nor what is beneath one that is disabled for all.
 */
export interface CircuitTally {
  /** Whether the policy's own does, which may turn every call away. */
  readonly ownOpen: boolean;
  /** Whether the policy's own is disabled for all calls, whatever their keys and endpoints. */
  readonly letsAllThrough: boolean;
  readonly endpoints: number;
  readonly endpointsOpen: number;
  /** Names of those. */
  readonly openEndpoints: readonly string[];
  /** Keys seen lately: those that have a circuit. */
  readonly keys: number;
  readonly keysOpen: number;
  /** The keys that have failed for longest. */
  readonly worst: readonly WorstKey[];
}

/** Whether any of them turns calls away. */
export function turnsAway({ ownOpen, endpointsOpen, keysOpen }: CircuitTally): boolean {
  return ownOpen || endpointsOpen > 0 || keysOpen > 0;
}

/**
 * The same for a severity rule; `undefined` where the policy has one circuit only and no endpoint is out.
 *
 * @param out names of endpoints that get no calls though their circuits are closed
 * @param known how many endpoints there are, where that is known; else one more than are out is taken for granted
 */
export function spreadOf(
  { worst: _, openEndpoints, ...spread }: CircuitTally,
  out: readonly string[],
  known: number | undefined,
): CircuitSpread | undefined {
  const endpointsOpen = new Set([...openEndpoints, ...out]).size;
  const endpoints = out.length === 0 ? spread.endpoints : Math.max(spread.endpoints, known ?? out.length + 1);
  return endpoints === 0 && spread.keys === 0 ? undefined : { ...spread, endpoints, endpointsOpen };
}

/** A key whose calls are turned away or probe. */
export interface WorstKey {
  /** As it may leave the process. */
  readonly key: string;
  readonly endpoint?: string | undefined;
  readonly state: CircuitState;
  /** When its failures began, in milliseconds since the epoch. */
  readonly since: number;
}

/** Keys that are named, the worst first. */
const MAX_WORST = 5;

/** Whose circuit it is, in words, with a colon; nothing for the policy's own. */
export function whose({ key, endpoint }: Pick<Circuit, 'key' | 'endpoint'>, nameKey: NameKey): string {
  const names = [
    ...(endpoint === undefined ? [] : [`endpoint '${shownKey(endpoint)}'`]),
    ...(key === undefined ? [] : [`key '${nameKey(key)}'`]),
  ];
  return names.length === 0 ? '' : `${names.join(', ')}: `;
}

export function tallyOf(circuits: readonly SeenCircuit[], nameKey: NameKey = shownKey): CircuitTally {
  const seen = circuits.filter(({ shadow }) => !shadow);
  const disabled = seen.filter(
    ({ state, key, governs }) => state === 'disabled' && key === undefined && governs !== false,
  );
  const isOpen = (circuit: SeenCircuit): boolean =>
    circuit.state !== 'closed' &&
    circuit.state !== 'disabled' &&
    !disabled.some(({ endpoint }) => endpoint === undefined || endpoint === circuit.endpoint);
  const keyed = seen.filter(({ key }) => key !== undefined);
  const ofEndpoints = seen.filter(({ key, endpoint }) => key === undefined && endpoint !== undefined);
  const own = seen.filter(({ key, endpoint }) => key === undefined && endpoint === undefined);
  const openKeys = keyed.filter(isOpen);
  const openEndpoints = ofEndpoints.filter(isOpen).flatMap(({ endpoint }) => endpoint ?? []);
  return {
    ownOpen: own.some(isOpen),
    letsAllThrough: disabled.some(({ endpoint }) => endpoint === undefined),
    endpoints: ofEndpoints.length,
    endpointsOpen: openEndpoints.length,
    openEndpoints,
    keys: keyed.length,
    keysOpen: openKeys.length,
    worst: worstOf(openKeys).map((circuit) => worstKey(circuit, nameKey)),
  };
}

/** Those that have failed for longest. */
export function worstOf<Seen extends SeenCircuit>(open: readonly Seen[]): readonly Seen[] {
  return [...open].sort((a, b) => failingSince(a) - failingSince(b)).slice(0, MAX_WORST);
}

function failingSince({ onset, since = 0 }: SeenCircuit): number {
  return onset?.since ?? since;
}

function worstKey(circuit: SeenCircuit, nameKey: NameKey): WorstKey {
  const { key = '', endpoint, state } = circuit;
  const named = { key: nameKey(key), state, since: failingSince(circuit) };
  return endpoint === undefined ? named : { ...named, endpoint };
}

/** How the circuits of a policy that has several are, in a sentence; `undefined` for one that has not. */
export function tallyText(tally: CircuitTally): string | undefined {
  const { ownOpen, letsAllThrough, endpoints, endpointsOpen, keys, keysOpen, worst } = tally;
  if (endpoints === 0 && keys === 0) return undefined;
  if (letsAllThrough)
    return "Circuits that are not closed: the policy's own, disabled by hand, so that all calls are let through.";
  const parts = [
    ...(ownOpen ? ["the policy's own"] : []),
    ...(endpoints === 0 ? [] : [`${endpointsOpen} of ${endpoints} endpoints`]),
    ...(keys === 0 ? [] : [`${keysOpen} of ${keys} keys`]),
  ];
  const named = worst.map(
    ({ key, endpoint, since }) =>
      `'${key}'${endpoint === undefined ? '' : ` at '${endpoint}'`} since ${isoTime(since)}`,
  );
  const longest = named.length === 0 ? '' : `; failing for longest: ${named.join(', ')}`;
  return `Circuits that are not closed: ${parts.join(', ')}${longest}.`;
}
