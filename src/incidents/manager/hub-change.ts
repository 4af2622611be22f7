import { z } from 'zod';
import { by, change, text, time } from '../incident/changes/fields.ts';
import { severities } from '../incident/severity.ts';

/** What keeps notifications of some incidents back for a while. Absent filters leave nothing out. */
export const silenceShape = z.object({
  id: z.string(),
  /** A maintenance window is planned; a silence answers to what happens. */
  kind: z.enum(['silence', 'maintenance']),
  /** Names of policies, where `*` stands for any characters. */
  policies: z.array(z.string()).optional(),
  severities: z.array(z.enum(severities)).optional(),
  triggers: z.array(z.string()).optional(),
  from: time,
  until: time,
  by,
  reason: text,
});

/** Everything that can happen to a hub's incidents beside what happens to one of them. Texts are redacted already. */
export const hubChange = z.discriminatedUnion('type', [
  change('silenced', { silence: silenceShape }),
  change('unsilenced', { id: z.string(), by }),
  /** Something was changed that may have to do with an incident: a release, a flag, a configuration. */
  change('changed', { version: z.string().optional(), what: text, by }),
]);

/** What keeps notifications of some incidents back until it ends. */
export type Silence = Readonly<z.output<typeof silenceShape>>;
/** Something that happened to a hub's incidents as a whole, told apart by `type`. */
export type HubChange = z.output<typeof hubChange>;
/** The change of that type. */
export type HubChangeOf<Type extends HubChange['type']> = Extract<HubChange, { type: Type }>;
