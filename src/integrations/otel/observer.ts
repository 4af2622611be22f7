import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  type MetricOptions,
  type Observable,
  ValueType,
} from '@opentelemetry/api';
import type { FamilyDefinition, FamilyShare, Labels } from '../../metrics/family.ts';
import { labelText } from '../../metrics/label-text.ts';
import { FamilySamples } from '../../metrics/samples.ts';
import { Slices } from '../../metrics/slices.ts';
import { attributeOf, type ObservedInstrument, observedInstruments } from './instruments.ts';

/** A family that is collected, with the samples of all hubs put together as on `/metrics`. */
interface ObservedFamily {
  readonly instrument: ObservedInstrument;
  readonly observable: Observable;
  readonly samples: FamilySamples;
  /** What was observed last, for an instrument that adds up: whatever is gone is to be observed as 0 once. */
  seen: ReadonlyMap<string, Attributes>;
}

/**
 * The observable instruments of a meter. They read the counters of all hubs that have joined whenever the SDK
 * collects, in slices, so that recording costs a call nothing, and a collection holds no call up.
 */
export class MeterObserver {
  readonly #meter: Meter;
  readonly #families = new Map<string, ObservedFamily>();
  #members = 0;
  #observed: Observable[] = [];

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Takes a hub's families up, and gives the function that ends it. */
  join(shares: readonly FamilyShare[], failed: (error: unknown) => void): () => void {
    const leaves = shares.flatMap(({ definition, series, owners }) => {
      const family = this.#family(definition);
      return family === undefined ? [] : [family.samples.join({ series, owners, failed })];
    });
    this.#members += 1;
    this.#start();
    return () => {
      for (const leave of leaves.splice(0)) leave();
      this.#members -= 1;
    };
  }

  #family(definition: FamilyDefinition): ObservedFamily | undefined {
    const known = this.#families.get(definition.name);
    if (known !== undefined) return known;
    const instrument = observedInstruments.find(({ family }) => definition.name === `breakwater_${family}`);
    if (instrument === undefined) return undefined;
    const made: ObservedFamily = {
      instrument,
      observable: this.#observable(instrument, definition.help),
      samples: new FamilySamples(definition, () => {}),
      seen: new Map(),
    };
    this.#families.set(definition.name, made);
    return made;
  }

  #observable({ name, kind, unit }: ObservedInstrument, description: string): Observable {
    const counts: MetricOptions = { unit, description, valueType: ValueType.INT };
    switch (kind) {
      case 'counter':
        return this.#meter.createObservableCounter(name, counts);
      case 'up-down-counter':
        return this.#meter.createObservableUpDownCounter(name, counts);
      case 'gauge':
        return this.#meter.createObservableGauge(name, { unit, description });
    }
  }

  #start(): void {
    if (this.#observed.length > 0) return;
    this.#observed = [...this.#families.values()].map(({ observable }) => observable);
    this.#meter.addBatchObservableCallback(this.#collect, this.#observed);
  }

  readonly #collect: BatchObservableCallback = async (result) => {
    const slices = new Slices();
    for (const family of this.#families.values()) {
      const { observable, samples, seen } = family;
      const now = new Map<string, Attributes>();
      const { series, rows } = samples.read();
      for (const { owner, values } of rows) {
        for (const [at, { labels }] of series.entries()) {
          const value = values[at];
          if (value === undefined) continue;
          const attributes = attributesOf(owner, labels);
          result.observe(observable, value, attributes);
          if (family.instrument.kind !== 'up-down-counter') continue;
          now.set(`${labelText(owner)},${labelText(labels)}`, attributes);
        }
        if (slices.used) await slices.next();
      }
      for (const [key, attributes] of seen) if (!now.has(key)) result.observe(observable, 0, attributes);
      family.seen = now;
    }
    await slices.next();
    this.#stop();
  };

  /** Once all hubs have left, and what adds up has been observed as 0, there is nothing to collect any more. */
  #stop(): void {
    if (this.#members > 0) return;
    this.#meter.removeBatchObservableCallback(this.#collect, this.#observed);
    this.#observed = [];
  }
}

function attributesOf(...all: readonly Labels[]): Attributes {
  const labels = all.flatMap((some) => Object.entries(some));
  return Object.fromEntries(labels.map(([label, value]) => [attributeOf(label), value]));
}

const observers = new WeakMap<Meter, MeterObserver>();

/** The one that all hubs on a meter share. */
export function observerOf(meter: Meter): MeterObserver {
  const known = observers.get(meter);
  if (known !== undefined) return known;
  const made = new MeterObserver(meter);
  observers.set(meter, made);
  return made;
}
