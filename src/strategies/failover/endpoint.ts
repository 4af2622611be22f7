import { OUT_OF_ORDER_MS } from '../../core/clock.ts';
import type { endpointOutcomes } from '../../core/layer-metrics.ts';
import type { Endpoint } from '../../core/passage.ts';
import { AnswerTimes } from './answer-times.ts';
import type { EndpointSettings } from './options.ts';

/** How a run at an endpoint ended. */
export type RunOutcome = (typeof endpointOutcomes)[number];

/** An operation that was left behind weighs in the choice of an endpoint for one to two of these, in milliseconds. */
const LEFT_MS = 60_000;

/** One endpoint with what goes on there. */
export class EndpointState implements Endpoint {
  readonly name: string;
  readonly target: unknown;
  /** Its place among the endpoints, as given. */
  readonly position: number;
  weight: number;
  priority: number;
  /** Of what succeeded or was refused there. */
  readonly answerTimes = new AnswerTimes();
  readonly #ended = new Map<RunOutcome, number>();
  #running = 0;
  #left = 0;
  /** Of those left behind, the ones that still weigh: those of this stretch of time, and of the one before. */
  #leftNow = 0;
  #leftBefore = 0;
  #stretch = 0;

  constructor({ name, target, weight, priority }: EndpointSettings, position: number) {
    this.name = name;
    this.target = target;
    this.position = position;
    this.weight = weight;
    this.priority = priority;
  }

  /** Operations that run there, those that were given up and go on among them. */
  get inFlight(): number {
    return this.#running + this.#left;
  }

  /** How busy it is: what is in flight, less what was left behind so long ago that it may never end. */
  load(now: number): number {
    this.#turn(now);
    return this.#running + this.#leftNow + this.#leftBefore;
  }

  /** How many of its runs ended so. */
  ended(outcome: RunOutcome): number {
    return this.#ended.get(outcome) ?? 0;
  }

  runStarted(): void {
    this.#running += 1;
  }

  runSettled(outcome: RunOutcome): void {
    this.#running -= 1;
    this.#ended.set(outcome, this.ended(outcome) + 1);
  }

  /** @returns when that was, for `operationEnded` */
  operationLeft(now: number): number {
    this.#turn(now);
    this.#left += 1;
    this.#leftNow += 1;
    return this.#stretch;
  }

  /** @param stretch what `operationLeft` gave */
  operationEnded(stretch: number, now: number): void {
    this.#turn(now);
    this.#left -= 1;
    if (stretch === this.#stretch) this.#leftNow = Math.max(0, this.#leftNow - 1);
    else if (stretch === this.#stretch - 1) this.#leftBefore = Math.max(0, this.#leftBefore - 1);
  }

  #turn(now: number): void {
    const stretch = Math.floor(now / LEFT_MS);
    if (stretch === this.#stretch) return;
    // A clock that went back starts the count afresh, but not for times that came a little out of order.
    if (stretch < this.#stretch && now > this.#stretch * LEFT_MS - OUT_OF_ORDER_MS) return;
    this.#leftBefore = stretch === this.#stretch + 1 ? this.#leftNow : 0;
    this.#leftNow = 0;
    this.#stretch = stretch;
  }
}
