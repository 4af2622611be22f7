import type { IncidentJson } from '../../../../incidents/incident/document.ts';
import type { Terminal } from '../../../terminal.ts';
import { addFindings } from './findings.ts';
import { addFollowUp } from './follow-up.ts';
import { addHead, addNext } from './head.ts';
import { addImpact } from './impact.ts';
import { Page, type PageOptions } from './layout.ts';
import type { Recoveries } from './options.ts';
import { addRecovery } from './recovery.ts';
import { addFiles, addTimeline, addTold } from './timeline.ts';

/** What the page of an incident is made with. */
export interface IncidentPageOptions extends PageOptions {
  /** How many entries of the timeline it has. */
  readonly timeline: number;
  /** The incident's own folder, for people. */
  readonly folder: string;
  /** What the running application says can be done, where one was found. */
  readonly offered?: Recoveries | undefined;
}

/** An incident as the engineer on call reads it: what is hurt and what to do first, what happened last. */
export function pageText(terminal: Terminal, incident: IncidentJson, options: IncidentPageOptions): string {
  const page = new Page(terminal);
  addHead(page, incident, options);
  addImpact(page, incident);
  addNext(page, incident, options);
  addRecovery(page, incident, options, options.offered);
  addFindings(page, incident);
  addFollowUp(page, incident);
  addTold(page, incident);
  addTimeline(page, incident, options.timeline, options);
  addFiles(page, incident, options.folder);
  return page.toString();
}
