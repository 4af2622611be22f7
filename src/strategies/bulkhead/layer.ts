import type { LiveSettings } from '../../core/adjustable.ts';
import { monotonicNow } from '../../core/clock.ts';
import { type LimitControl, SetByHand } from '../../core/control.ts';
import { deadlines } from '../../core/deadlines.ts';
import { BulkheadFullError, TimeoutError } from '../../core/errors.ts';
import { type LayerSample, layerFamilies } from '../../core/layer-metrics.ts';
import { failed, type Outcome } from '../../core/outcome.ts';
import type { Passage } from '../../core/passage.ts';
import type { Inner } from '../../core/pipeline.ts';
import { QueueingLayer } from '../../core/queueing-layer.ts';
import type { PolicyRuntime } from '../../core/runtime.ts';
import { Lease, type Lessor } from './lease.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { bulkheadSchema } from './options.ts';
import { type Capacity, Places } from './places.ts';
import { ShadowQueue } from './shadow-queue.ts';

type Live = LiveSettings<typeof bulkheadSchema>;

/** A bulkhead at work. */
export class BulkheadLayer extends QueueingLayer<Live, Lease> implements Lessor {
  readonly #places = new Places<Lease>();
  readonly #watch: LeaseWatch;
  /** Made when somebody would wait in it. */
  #shadowQueue: ShadowQueue | undefined = undefined;
  readonly #byHand = new SetByHand<keyof Capacity>('bulkhead', () => this.#changed());
  #capacity: Capacity;
  #isHandingOver = false;

  constructor(inner: Inner, runtime: PolicyRuntime, live: Live) {
    super(inner, runtime, live, 'bulkhead_full');
    this.#capacity = live.current;
    this.#watch = new LeaseWatch({
      places: this.#places,
      runtime,
      settings: () => live.current,
      onTakenBack: () => this.#handOver(),
    });
    live.onChange(() => this.#changed());
    runtime.onClose(() => this.#watch.stop());
  }

  limits(): readonly LimitControl[] {
    const { maxConcurrent, maxQueue } = this.live.current;
    return [
      this.#byHand.limit('maxConcurrent', {
        text: 'calls that may be in the bulkhead at once',
        type: 'count',
        configured: maxConcurrent,
        current: this.#capacity.maxConcurrent,
      }),
      this.#byHand.limit('maxQueue', {
        text: 'calls that may wait for a place of the bulkhead',
        type: 'count',
        configured: maxQueue,
        current: this.#capacity.maxQueue,
      }),
    ];
  }

  samples(): readonly LayerSample[] {
    return [
      { family: layerFamilies.bulkheadInUse, labels: {}, read: () => this.#places.inUse },
      { family: layerFamilies.bulkheadQueued, labels: {}, read: () => this.#places.queued },
      { family: layerFamilies.bulkheadExpiredLeases, labels: {}, read: () => this.#watch.takenBack },
      this.shadowSample,
    ];
  }

  override settle(passage: Passage, outcome: Outcome, now: number): void {
    if (passage.opener !== this || !(passage instanceof Lease)) {
      this.outer.settle(passage, outcome, now);
      return;
    }
    passage.close();
    passage.isUnderWay = false;
    if (this.#shadowQueue !== undefined) {
      this.#countTimedOut(now);
      this.#shadowQueue.leave(passage);
    }
    if (passage.stage === 'inside') {
      if (passage.isOccupied) this.#keepFor(passage, now);
      else this.#giveBack(passage);
    }
    this.outer.settle(passage.outer, outcome, now);
    if (this.#places.queued > 0) this.#handOver();
  }

  emptied(lease: Lease): void {
    this.#countTimedOut(monotonicNow());
    this.#giveBack(lease);
    this.#watch.look();
    if (this.#places.queued > 0) this.#handOver();
  }

  waitedTooLong(lease: Lease, now: number): void {
    this.leaveQueue(lease);
    const { mayWaitMs } = lease;
    this.turnAway(lease.outer, () => new TimeoutError(this.runtime.name, mayWaitMs, 'queue'), now);
  }

  protected get waiting(): readonly Lease[] {
    return this.#places.waiting;
  }

  protected leaveQueue(lease: Lease): void {
    lease.stage = 'outside';
    lease.close();
    this.#places.dequeue(lease);
    if (this.#places.queued === 0) this.#watch.look();
  }

  protected decide(passage: Passage, now: number): void {
    if (this.isShadow) this.#enterInShadow(passage, now);
    else this.#enterOrWait(passage, now);
  }

  /** Takes what holds from now on, and lets in whom that has made room for. */
  #changed(): void {
    const { maxConcurrent, maxQueue } = this.live.current;
    this.#capacity = {
      maxConcurrent: this.#byHand.get('maxConcurrent') ?? maxConcurrent,
      maxQueue: this.#byHand.get('maxQueue') ?? maxQueue,
    };
    if (!this.isShadow) this.#shadowQueue?.clear();
    this.#handOver();
  }

  #enterInShadow(passage: Passage, now: number): void {
    this.#countTimedOut(now);
    const lease = new Lease(this, passage);
    lease.isExtra = this.#places.wouldTurnAway(this.#capacity);
    if (lease.isExtra) this.countInShadow(lease);
    else if (this.#places.beyond(this.#capacity) >= 0) {
      this.#shadowQueue ??= new ShadowQueue(this.#places);
      this.#shadowQueue.add(lease);
    }
    this.#letIn(lease, now);
  }

  /** Counts those who would have waited for too long by now. */
  #countTimedOut(now: number): void {
    const { queueTimeoutMs = Number.POSITIVE_INFINITY } = this.live.current;
    const queue = this.#shadowQueue;
    if (queue === undefined) return;
    queue.moveUp(this.#capacity);
    for (let lease = queue.takeTimedOut(queueTimeoutMs, now); lease !== undefined; ) {
      this.countInShadow(lease);
      lease = queue.takeTimedOut(queueTimeoutMs, now);
    }
  }

  #enterOrWait(passage: Passage, now: number): void {
    // A run beside another puts nobody out of the queue.
    const rank = passage.isBeside ? Number.POSITIVE_INFINITY : passage.call.settings.priority;
    // Where there is no place, one may be overdue.
    if (!this.#places.hasPlace(this.#capacity)) this.#watch.takeBackOverdue(now);
    const found = this.#places.find(rank, this.#capacity);
    if (this.isClosed && found !== 'place') {
      this.settleClosed(passage);
      return;
    }
    switch (found) {
      case 'place':
        this.#letIn(new Lease(this, passage), now);
        break;
      case 'queue':
        this.#enqueue(passage, now);
        break;
      case 'somebody-less-important':
        this.#displace(passage, now);
        break;
      default:
        this.turnAway(passage, this.#fullError, now);
    }
  }

  readonly #fullError = (): unknown => {
    const { maxConcurrent, maxQueue } = this.#capacity;
    return new BulkheadFullError(this.runtime.name, maxConcurrent, maxQueue);
  };

  #displace(passage: Passage, now: number): void {
    const displaced = this.#places.leastImportant;
    if (displaced !== undefined) this.leaveQueue(displaced);
    this.#enqueue(passage, now);
    displaced?.inContext(() => this.turnAway(displaced.outer, this.#fullError, now));
  }

  #enqueue(passage: Passage, now: number): void {
    const lease = new Lease(this, passage);
    lease.stage = 'waiting';
    this.#places.enqueue(lease);
    const { queueTimeoutMs } = this.live.current;
    if (queueTimeoutMs !== undefined) {
      lease.mayWaitMs = queueTimeoutMs;
      deadlines.arm(lease, queueTimeoutMs, now);
    }
    this.#watch.look();
  }

  #letIn(lease: Lease, now: number): void {
    lease.stage = 'inside';
    this.#places.take(lease, now);
    try {
      this.inner.enter(lease, now);
    } catch (error) {
      // No layer of this library throws; one of the user's own may, and must not keep the place.
      if (lease.isUnderWay) this.settle(lease, failed(error, 'defect'), now);
      else this.runtime.report('bulkhead', error);
    }
  }

  /** Its caller has an answer, and an operation of it still runs. */
  #keepFor(lease: Lease, now: number): void {
    lease.stage = 'answered';
    if (this.live.current.maxLeaseMs === undefined) this.#places.renew(lease, now);
    this.#watch.keepAnswered();
  }

  #giveBack(lease: Lease): void {
    if (lease.stage === 'answered') this.#watch.letAnsweredGo();
    lease.stage = 'outside';
    this.#places.giveBack(lease);
  }

  /**
   * Lets in whose turn has come, one after the other: one that ends at once must not let in the next from within itself,
   * or a long queue would overflow the stack.
   */
  #handOver(): void {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    try {
      for (let lease = this.#places.next; lease !== undefined; lease = this.#places.next) {
        const now = monotonicNow();
        if (this.refuses(lease.outer, now)) this.letThrough(lease, now);
        else if (this.isShadow || this.#places.hasPlace(this.#capacity)) {
          this.#places.dequeue(lease);
          deadlines.clear(lease);
          lease.inContext(() => this.#letIn(lease, now));
        } else break;
      }
    } finally {
      this.#isHandingOver = false;
      this.#watch.look();
    }
  }
}
