import type { Call } from '../../core/call.ts';
import type { CircuitSnapshot, CircuitTransition } from '../../core/circuit.ts';
import { sameOption } from '../../core/merged-options.ts';
import { shown } from '../../core/options.ts';
import type { Passage } from '../../core/passage.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { isThenable } from '../../core/thenable.ts';
import { MachineCircuit } from './circuit.ts';
import type { ProbeCounts } from './health-checks.ts';
import { KeyedCircuits } from './keyed-circuits.ts';
import type { CircuitBreakerSettings, LiveCircuitBreaker } from './options.ts';
import type { CircuitOwner, Whose } from './owner.ts';
import { SavedStates } from './saved-states.ts';

/** Keys come from calls: one that is longer is taken for something else. */
const MAX_KEY_LENGTH = 256;

/**
 * All circuits of a layer: the policy's own, one for each of its endpoints, and those of the keys seen lately. An
 * endpoint's calls without a key go through the endpoint's circuit, and calls with neither through the policy's own.
 */
export class Circuits implements CircuitOwner {
  readonly runtime: PolicyRuntime;
  readonly live: LiveCircuitBreaker;
  readonly own: MachineCircuit;
  readonly probes: ProbeCounts = { success: 0, failure: 0, timeout: 0 };
  /** The options in force, with what the library itself has changed. */
  settings: CircuitBreakerSettings;
  readonly #choosesInside: boolean;
  #openMs: number | undefined = undefined;
  readonly #endpoints = new Map<string, MachineCircuit>();
  readonly #keys = new KeyedCircuits();
  /** What `perKey` gave for calls that are under way. */
  #keyOfCall = new WeakMap<Call, string | undefined>();
  readonly #saved: SavedStates;
  #closed = false;

  /** @param choosesInside whether endpoints are chosen inside of this layer, so that it sees none */
  constructor(runtime: PolicyRuntime, live: LiveCircuitBreaker, choosesInside: boolean) {
    this.runtime = runtime;
    this.live = live;
    this.settings = live.current;
    this.#choosesInside = choosesInside;
    this.#saved = new SavedStates(live.current.restore);
    this.own = this.#make({});
    for (const snapshot of this.#saved.ofKeys) this.#restoreKey(snapshot);
    live.onChange((now, before) => this.#changed(now, before));
    runtime.onClose(() => {
      this.#closed = true;
      for (const circuit of this.all) circuit.stop();
    });
  }

  /** Whether all passages go through the policy's own circuit. */
  get isOne(): boolean {
    return this.settings.perKey === undefined && this.runtime.endpoints.length === 0;
  }

  get keys(): number {
    return this.#keys.size;
  }

  /** The policy's own first, then those of endpoints. */
  get all(): readonly MachineCircuit[] {
    const endpoints = this.endpointNames.flatMap((name) => this.ofEndpoint(name) ?? []);
    return [this.own, ...endpoints, ...this.#keys.all];
  }

  /** Names of the endpoints that have circuits. They are known once all layers are bound. */
  get endpointNames(): readonly string[] {
    return this.#choosesInside ? [] : this.runtime.endpoints;
  }

  /** The circuit that the passage goes through. */
  of(passage: Passage, now: number): MachineCircuit {
    const around = this.#around(passage);
    const key = this.#keyOf(passage.call, around);
    const circuit = key === undefined ? undefined : this.#ofKey(key, around.endpoint);
    if (circuit === undefined) return around;
    circuit.usedAt = now;
    return circuit;
  }

  /** Whether that circuit would turn the passage away. Asking uses no key's circuit, and makes none. */
  refuse(passage: Passage, now: number): boolean {
    const around = this.#around(passage);
    const key = this.#keyOf(passage.call, around);
    if (key === undefined) return around.refuses(now);
    const { endpoint } = around;
    const circuit = this.#keys.at(slotOf(key, endpoint));
    if (circuit !== undefined) return circuit.refuses(now);
    if (!this.#hasRoom) return around.refuses(now);
    // A new one is closed, unless there is a state for it to take up.
    return !around.shadow && this.#saved.refuses(whoseKey(key, endpoint), this.settings, now);
  }

  /** The circuit of an endpoint; `undefined` where there is no such endpoint. */
  ofEndpoint(name: string): MachineCircuit | undefined {
    const known = this.#endpoints.get(name);
    if (known !== undefined || !this.endpointNames.includes(name)) return known;
    const circuit = this.#make({ endpoint: name });
    this.#endpoints.set(name, circuit);
    return circuit;
  }

  /** How long circuits stay open at first, in milliseconds; `undefined` gives back what the options say. */
  changeOpenMs(openMs: number | undefined): void {
    this.#openMs = openMs;
    this.#adjust();
  }

  circuitMoved(circuit: MachineCircuit, transition: CircuitTransition): void {
    this.#keys.moved(circuit, transition);
  }

  /** A key may never come again, and no call goes to a standby whose primary is back. */
  get endsIdle(): boolean {
    return !this.isOne && this.settings.probe === undefined;
  }

  keyHealthy({ endpoint }: MachineCircuit, now: number): void {
    (endpoint === undefined ? this.own : this.ofEndpoint(endpoint))?.healthy(now);
  }

  circuitIdle(circuit: MachineCircuit): void {
    if (circuit.slot === undefined) circuit.machine.retire('no call came to try it');
    else this.#forget(circuit, 'no call of its key came to try it');
  }

  isChecked({ key, endpoint }: Whose): boolean {
    return key === undefined && (endpoint !== undefined || this.endpointNames.length === 0);
  }

  isAround({ key, endpoint }: Whose): boolean {
    if (key !== undefined) return false;
    return this.settings.perKey !== undefined || (endpoint === undefined && this.endpointNames.length > 0);
  }

  #around({ endpoint }: Passage): MachineCircuit {
    if (endpoint === undefined || this.own.governs) return this.own;
    return this.ofEndpoint(endpoint.name) ?? this.own;
  }

  /** Whether a key that has no circuit yet would get one. */
  get #hasRoom(): boolean {
    if (this.#closed) return false;
    return this.#keys.size < this.settings.maxKeys || this.#keys.oldestClosed !== undefined;
  }

  #make(whose: Whose, slot?: string): MachineCircuit {
    const circuit = new MachineCircuit(this.runtime, this, whose, slot, this.#saved.take(whose));
    // A call that was on its way when the policy was closed may still come here.
    if (this.#closed) circuit.stop();
    return circuit;
  }

  #restoreKey({ key, endpoint }: CircuitSnapshot): void {
    if (key !== undefined && this.settings.perKey !== undefined) this.#ofKey(key, endpoint);
  }

  /** `undefined` where there is no room: what cannot be told apart shares the circuit around it. */
  #ofKey(key: string, endpoint: string | undefined): MachineCircuit | undefined {
    const slot = slotOf(key, endpoint);
    const known = this.#keys.use(slot);
    if (known !== undefined) return known;
    if (this.#closed) return undefined;
    if (this.#keys.size >= this.settings.maxKeys) {
      const { oldestClosed } = this.#keys;
      if (oldestClosed === undefined) return undefined;
      this.#forget(oldestClosed, '');
    }
    const circuit = this.#make(whoseKey(key, endpoint), slot);
    this.#keys.add(circuit);
    return circuit;
  }

  /** The key of a call, asked for once; `undefined` where no circuit of a key has a say. */
  #keyOf(call: Call, around: MachineCircuit): string | undefined {
    const { perKey } = this.settings;
    if (perKey === undefined || around.governs) return undefined;
    if (this.#keyOfCall.has(call)) return this.#keyOfCall.get(call);
    const key = this.#askFor(perKey, call);
    this.#keyOfCall.set(call, key);
    return key;
  }

  #askFor(perKey: NonNullable<CircuitBreakerSettings['perKey']>, call: Call): string | undefined {
    try {
      const key: unknown = perKey(call.description);
      if (key === undefined) return undefined;
      if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH) return key;
      if (isThenable(key)) Promise.resolve(key).catch(() => {});
      const given = typeof key === 'string' ? `one of ${key.length} characters` : shown(key);
      throw new TypeError(
        `expected a string of 1 to ${MAX_KEY_LENGTH} characters from perKey, or undefined for the policy's own circuit: got ${given}`,
      );
    } catch (error) {
      this.runtime.report('circuit-key', error);
      return undefined;
    }
  }

  #forget(circuit: MachineCircuit, reason: string): void {
    this.#keys.remove(circuit);
    circuit.forget(reason);
  }

  #changed(now: CircuitBreakerSettings, before: CircuitBreakerSettings): void {
    if (sameOption(now, before)) return;
    const isSameKey = now.perKey === before.perKey || String(now.perKey) === String(before.perKey);
    if (!isSameKey) {
      this.#saved.dropKeys();
      this.#keyOfCall = new WeakMap();
    }
    // Another function's keys mean something else.
    const room = isSameKey ? now.maxKeys : 0;
    // Those that are not closed come first.
    for (const circuit of [...this.#keys.all].reverse()) {
      if (this.#keys.size <= room) break;
      this.#forget(this.#keys.oldestClosed ?? circuit, 'there is no room for its key any more');
    }
    this.#adjust();
  }

  #adjust(): void {
    const { current } = this.live;
    this.settings = this.#openMs === undefined ? current : { ...current, openMs: this.#openMs };
    for (const circuit of this.all) circuit.adjusted();
  }
}

function slotOf(key: string, endpoint: string | undefined): string {
  return endpoint === undefined ? key : `${endpoint}\u0000${key}`;
}

function whoseKey(key: string, endpoint: string | undefined): Whose {
  return endpoint === undefined ? { key } : { key, endpoint };
}
