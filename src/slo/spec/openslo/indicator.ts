import { checkQuery, normalQuery } from '../../promql/check.ts';
import { increaseOf } from '../../promql/counters.ts';
import type { SpecDocument, SpecPath } from '../document.ts';
import { type Indicator, WINDOW_PLACEHOLDER } from '../model.ts';
import type { SpecProblem } from '../problems.ts';
import type { OpenSloObjects } from './objects.ts';
import type { GivenMetric, GivenRatio, GivenSli } from './schema.ts';

/** What an SLI comes to: an indicator, or why there is none. */
export interface ReadIndicator {
  readonly indicator?: Indicator;
  readonly problems: readonly SpecProblem[];
}

/**
 * Reads an SLI.
 *
 * @param path where its spec stands
 */
export function readIndicator(
  { ratioMetric }: GivenSli,
  document: SpecDocument,
  path: SpecPath,
  objects: OpenSloObjects,
): ReadIndicator {
  const reader = new RatioReader(ratioMetric, document, [...path, 'ratioMetric'], objects);
  const indicator = reader.read();
  return indicator === undefined || reader.problems.length > 0
    ? { problems: reader.problems }
    : { indicator, problems: [] };
}

class RatioReader {
  readonly problems: SpecProblem[] = [];
  readonly #ratio: GivenRatio;
  readonly #document: SpecDocument;
  readonly #path: SpecPath;
  readonly #objects: OpenSloObjects;

  constructor(ratio: GivenRatio, document: SpecDocument, path: SpecPath, objects: OpenSloObjects) {
    this.#ratio = ratio;
    this.#document = document;
    this.#path = path;
    this.#objects = objects;
  }

  read(): Indicator | undefined {
    const { good, bad, total, raw, rawType } = this.#ratio;
    if (raw !== undefined) {
      for (const key of ['good', 'bad', 'total'] as const) {
        if (this.#ratio[key] !== undefined) this.#report([key], 'stands beside raw, which says it all');
      }
      const query = this.#query(raw, 'raw');
      if (rawType === undefined) this.#report([], 'has raw without rawType: success or failure');
      if (query === undefined) return undefined;
      return { kind: 'ratio', badRatio: rawType === 'success' ? `1 - (\n${query}\n)` : query };
    }
    if (rawType !== undefined) this.#report(['rawType'], 'is for raw, which is missing');
    if (good !== undefined && bad !== undefined) {
      this.#report(['bad'], 'says again what good says; leave one of them out');
      return undefined;
    }
    const totalQuery = total && this.#query(total, 'total');
    if (total === undefined) this.#report([], 'has no total; it needs total, and good or bad; or raw');
    if (good !== undefined) {
      const query = this.#query(good, 'good');
      return query === undefined || totalQuery === undefined
        ? undefined
        : { kind: 'events', total: totalQuery, good: query };
    }
    if (bad === undefined) {
      if (total !== undefined) this.#report([], 'has neither good nor bad');
      return undefined;
    }
    const query = this.#query(bad, 'bad');
    return query === undefined || totalQuery === undefined
      ? undefined
      : { kind: 'events', total: totalQuery, bad: query };
  }

  #query({ metricSource }: GivenMetric, key: 'good' | 'bad' | 'total' | 'raw'): string | undefined {
    const source = [key, 'metricSource'];
    this.#checkType(metricSource, source);
    const { query } = metricSource.spec;
    const problem = checkQuery(query);
    if (problem === undefined) return normalQuery(query);
    const increase = key === 'raw' ? undefined : increaseOf(query);
    if (increase !== undefined && this.#ratio.counter) return increase;
    const path = [...this.#path, ...source, 'spec', 'query'];
    const message =
      increase === undefined
        ? problem.message
        : `has no ${WINDOW_PLACEHOLDER}; say counter: true if it is a counter, or else write what it comes to over a window, as in sum(sum_over_time(...[${WINDOW_PLACEHOLDER}]))`;
    this.problems.push(this.#document.problemWithin(path, problem.offset, message));
    return undefined;
  }

  #checkType({ type, metricSourceRef }: GivenMetric['metricSource'], source: readonly string[]): void {
    const referred =
      metricSourceRef === undefined ? undefined : this.#objects.dataSources.get(metricSourceRef);
    const known = type ?? referred?.given.spec.type;
    if (known === undefined) {
      const message =
        metricSourceRef === undefined
          ? 'has no type; it must be Prometheus'
          : `refers to the DataSource '${metricSourceRef}', which is not in this file; add it, or say type: Prometheus`;
      this.#report([...source, ...(metricSourceRef === undefined ? [] : ['metricSourceRef'])], message);
    } else if (known.toLowerCase() !== 'prometheus') {
      const key = type === undefined ? 'metricSourceRef' : 'type';
      this.#report([...source, key], `is of ${known}; rules are for Prometheus only`);
    }
  }

  #report(path: SpecPath, message: string): void {
    this.problems.push(this.#document.problem([...this.#path, ...path], message));
  }
}
