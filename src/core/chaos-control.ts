/** Switches the chaos of a policy on and off: `policy.chaos`. */
export interface ChaosControl {
  /** Whether faults are made on purpose now. */
  readonly active: boolean;
  /** How many were made since it was last switched on. */
  readonly faults: number;
  /** When it ends by itself, in milliseconds since the epoch; `undefined` while it is off, or has no end. */
  readonly until: number | undefined;
  /** @internal Whether its options switch it on without an end. */
  readonly isEndless: boolean;
  /**
   * Switches it on, or, where it is on already, gives it another end.
   *
   * @param given.forMs when it ends by itself, in milliseconds from now. Default: what its options say.
   * @throws {InvalidOptionsError} when an option is wrong
   * @throws {ClosedError} when the policy is closed or removed
   */
  start(given?: { readonly forMs?: number | undefined }): void;
  /** Switches it off. An attempt that a fault is under way in keeps it. */
  stop(): void;
}
