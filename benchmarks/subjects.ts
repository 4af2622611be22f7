import { failure } from './failure.ts';
import { http } from './http.ts';
import { idle } from './idle.ts';
import { memory } from './memory.ts';
import { outage } from './outage.ts';
import { overhead } from './overhead.ts';
import { rejection } from './rejection.ts';
import { scrape } from './scrape.ts';
import type { Subject } from './support/result.ts';

/** All benchmarks. */
export const subjects: readonly Subject[] = [
  overhead,
  rejection,
  failure,
  memory,
  idle,
  scrape,
  http,
  outage,
];
