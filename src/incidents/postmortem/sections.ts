import type { SectionWriter } from './page.ts';
import { rootCause, whys } from './sections/cause.ts';
import { files, similar } from './sections/end.ts';
import { facts, summary, symptoms } from './sections/facts.ts';
import { impact } from './sections/impact.ts';
import {
  contributing,
  deadEnds,
  lucky,
  secondStage,
  thanks,
  wentBadly,
  wentWell,
} from './sections/lessons.ts';
import { timeline } from './sections/timeline.ts';
import { times } from './sections/times.ts';
import { actions, data, decisions, stopgaps } from './sections/work.ts';
import type { SectionName } from './words.ts';

/** What each section says, whatever the language. */
export const sections: Readonly<Record<SectionName, SectionWriter>> = {
  facts,
  summary,
  symptoms,
  impact,
  timeline,
  times,
  'root-cause': rootCause,
  whys,
  contributing,
  'went-well': wentWell,
  'went-badly': wentBadly,
  lucky,
  'dead-ends': deadEnds,
  stopgaps,
  decisions,
  data,
  actions,
  'second-stage': secondStage,
  thanks,
  similar,
  files,
};
