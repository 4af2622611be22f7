import { randomBytes } from 'node:crypto';
import { type EvidencePorts, gatherEvidence } from './evidence/evidence.ts';
import { openJournal } from './journal/journal.ts';
import { keyNamer } from './key-name.ts';
import { Followed } from './manager/followed.ts';
import { IncidentManager } from './manager.ts';
import type { IncidentSettings } from './options.ts';
import type { IncidentPorts } from './ports.ts';

/** What the hub gives its incidents to work with. */
export interface StartPorts extends IncidentPorts, Pick<EvidencePorts, 'objectives' | 'traceId'> {}

/** Starts a hub's incidents: opens the journal where there is one, and goes on with what it holds. */
export function startIncidents(
  options: IncidentSettings,
  { objectives, traceId, ...ports }: StartPorts,
): IncidentManager {
  // New at each start, so that neither a replica nor the same process started again makes the same ids.
  const suffix = randomBytes(4).toString('hex');
  const { directory } = options;
  const followed = new Followed(options);
  const opened =
    directory === undefined
      ? undefined
      : openJournal({
          directory,
          writer: suffix,
          report: (error) => ports.report('', 'incidents', error),
          take: (entry) => followed.take(entry),
        });
  const started: { manager?: IncidentManager } = {};
  const evidence = gatherEvidence({
    ...ports,
    objectives,
    traceId,
    nameKey: keyNamer(options.nameKeys),
    collectors: options.collectors,
    past: () => [...(started.manager?.over() ?? [])].flatMap((record) => record.past ?? []),
  });
  started.manager = new IncidentManager({
    ...ports,
    options,
    evidence,
    opened: opened && { ...opened, followed },
    suffix,
  });
  return started.manager;
}
