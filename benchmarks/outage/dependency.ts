import { BROWNOUT_SLOWDOWN, type Fault, FLAP_MS, type Fleet, phases } from './scenario.ts';

/** What the dependency answers. */
export interface Answer {
  readonly key: string;
  /** When the dependency made it, on the virtual clock. */
  readonly madeAt: number;
}

/** How long a request takes when nothing else is asked for, in milliseconds: the median. */
const SERVICE_MS = 20;

/** Spread of the service times: the standard deviation of their logarithm. */
const SERVICE_SPREAD = 0.4;

/** A refused connection is known after this. */
const REFUSAL_MS = 2;

interface Waiting {
  readonly key: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A service with workers and a queue. It slows down as it fills, knows nothing of callers that have given up, and
 * so goes on working for them.
 */
export class Dependency {
  /** Requests that reached it, by second. */
  readonly attempts: number[] = [];
  readonly #fleet: Fleet;
  readonly #random: () => number;
  readonly #startedAt = performance.now();
  #fault: Fault = 'none';
  #up = true;
  #busy = 0;
  #queue: Waiting[] = [];
  /** Requests that are being worked on, those that hold their worker for good included. */
  #working = new Set<Waiting>();

  constructor(fleet: Fleet, random: () => number) {
    this.#fleet = fleet;
    this.#random = random;
    for (const { fault, fromMs, toMs } of phases) setTimeout(() => this.#enter(fault, toMs - fromMs), fromMs);
  }

  readonly request = (key: string): Promise<Answer> => {
    const second = Math.floor((performance.now() - this.#startedAt) / 1_000);
    this.attempts[second] = (this.attempts[second] ?? 0) + 1;
    return new Promise((resolve, reject) => {
      const request = { key, resolve, reject };
      if (!this.#up) setTimeout(() => reject(new Error('connection refused')), REFUSAL_MS);
      else if (this.#busy < this.#fleet.workers) this.#work(request);
      else if (this.#queue.length < this.#fleet.queue) this.#queue.push(request);
      else setTimeout(() => reject(new Error('overloaded')), REFUSAL_MS);
    });
  };

  #enter(fault: Fault, lengthMs: number): void {
    const before = this.#fault;
    this.#fault = fault;
    this.#up = true;
    if (before === 'leak') this.#crash();
    if (fault === 'outage') this.#goDown(lengthMs);
    if (fault === 'flapping') {
      for (let atMs = 0; atMs < lengthMs; atMs += 2 * FLAP_MS) setTimeout(() => this.#goDown(FLAP_MS), atMs);
    }
  }

  #goDown(forMs: number): void {
    this.#up = false;
    this.#crash();
    setTimeout(() => {
      this.#up = true;
    }, forMs);
  }

  /** All that it was working on, or was to work on, fails. */
  #crash(): void {
    const lost = [...this.#working, ...this.#queue];
    this.#working = new Set();
    this.#queue = [];
    this.#busy = 0;
    for (const { reject } of lost) reject(new Error('connection reset'));
  }

  #work(request: Waiting): void {
    this.#busy += 1;
    this.#working.add(request);
    if (this.#fault === 'leak' && this.#random() < this.#fleet.leakRate) return;
    setTimeout(() => this.#finish(request), this.#serviceMs());
  }

  #finish(request: Waiting): void {
    // It may have crashed in between.
    if (!this.#working.delete(request)) return;
    this.#busy -= 1;
    request.resolve({ key: request.key, madeAt: performance.now() });
    const next = this.#queue.shift();
    if (next !== undefined) this.#work(next);
  }

  #serviceMs(): number {
    const fill = this.#busy / this.#fleet.workers;
    const slowdown = this.#fault === 'brownout' ? BROWNOUT_SLOWDOWN : 1;
    return SERVICE_MS * Math.exp(SERVICE_SPREAD * this.#gaussian()) * slowdown * (1 + fill ** 2);
  }

  /** Box and Muller, 1958. */
  #gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
  }
}
