/** What flap detection goes by. */
export interface FlappingSettings {
  /** From which weighted share of state changes on it flaps. */
  readonly start: number;
  /** At or below which it flaps no more. */
  readonly stop: number;
}

/** How many states are kept; between them lie 20 possible changes. */
const STATES_KEPT = 21;
const CHANGES = STATES_KEPT - 1;
/** The oldest change weighs least, the latest one most; in the mean a change weighs 1. */
const OLDEST_WEIGHT = 0.8;
const LATEST_WEIGHT = 1.2;

/**
 * Nagios' weighted flap detection: of the last 21 states that were seen, the share of changes between neighbours,
 * the later ones weighing up to half more. It flaps from `start` (30 %) on, until the share has fallen to `stop`
 * (20 %): the gap keeps the detection itself from flapping. Before the first state all was well.
 *
 * It has no clock: whoever uses it tells it a state at each change and at regular times between.
 *
 * @see https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/flapping.html
 */
export class FlapDetector {
  readonly #settings: FlappingSettings;
  /** Oldest first. */
  readonly #states: boolean[] = Array.from({ length: STATES_KEPT }, () => true);
  #isFlapping = false;

  constructor(settings: FlappingSettings) {
    this.#settings = settings;
  }

  get isFlapping(): boolean {
    return this.#isFlapping;
  }

  /** Weighted share of state changes, 0 to 1. */
  get changeRate(): number {
    let weight = 0;
    for (let at = 1; at < STATES_KEPT; at += 1) {
      if (this.#states[at] !== this.#states[at - 1]) weight += weightOf(at - 1);
    }
    return weight / CHANGES;
  }

  /** Takes in a state, as often as it was seen. Whether it began or ceased to flap thereby. */
  observe(isWell: boolean, times = 1): boolean {
    for (let seen = 0; seen < Math.min(times, STATES_KEPT); seen += 1) {
      this.#states.shift();
      this.#states.push(isWell);
    }
    const rate = this.changeRate;
    const { start, stop } = this.#settings;
    const flaps = this.#isFlapping ? rate > stop : rate >= start;
    if (flaps === this.#isFlapping) return false;
    this.#isFlapping = flaps;
    return true;
  }
}

/** @param at 0 for the oldest change */
function weightOf(at: number): number {
  return OLDEST_WEIGHT + ((LATEST_WEIGHT - OLDEST_WEIGHT) * at) / (CHANGES - 1);
}
