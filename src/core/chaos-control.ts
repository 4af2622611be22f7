/** Switches the chaos of a policy on and off: `policy.chaos`. */
export interface ChaosControl {
  /** Whether faults are made on purpose now. */
  readonly active: boolean;
  /** How many were made since it was last switched on. */
  readonly faults: number;
  /** When it ends by itself, in milliseconds since the epoch; `undefined` while it is off, or has no end. */
  readonly until: number | undefined;
  /** @internal Whether it is on and has no end. */
  readonly isEndless: boolean;
  /**
   * Switches it on, or, where it is on already, gives it another end.
   *
   * @param given.forMs when it ends by itself, in milliseconds from now. Default: what its options say.
   * @throws {InvalidOptionsError} when an option is wrong
   * @throws {ClosedError} when the policy is closed or removed
   */
  start(given?: { readonly forMs?: number | undefined }): void;
  /** Switches it off, until it is started again or an update makes its option `enabled` true. A fault under way goes on. */
  stop(): void;
}

/** One switch for all chaos layers of a policy; `undefined` where it has none. */
export function oneSwitch(controls: readonly ChaosControl[]): ChaosControl | undefined {
  return controls.length < 2 ? controls[0] : new AllChaos(controls);
}

class AllChaos implements ChaosControl {
  readonly #controls: readonly ChaosControl[];

  constructor(controls: readonly ChaosControl[]) {
    this.#controls = controls;
  }

  get active(): boolean {
    return this.#controls.some(({ active }) => active);
  }

  get faults(): number {
    return this.#controls.reduce((sum, { faults }) => sum + faults, 0);
  }

  get until(): number | undefined {
    const ends = this.#controls
      .filter(({ active }) => active)
      .map(({ until }) => until ?? Number.POSITIVE_INFINITY);
    const last = Math.max(...ends);
    return Number.isFinite(last) ? last : undefined;
  }

  get isEndless(): boolean {
    return this.#controls.some(({ isEndless }) => isEndless);
  }

  start(given?: { readonly forMs?: number | undefined }): void {
    for (const control of this.#controls) control.start(given);
  }

  stop(): void {
    for (const control of this.#controls) control.stop();
  }
}
