import { createHash, randomBytes } from 'node:crypto';
import { wallNow } from '../../core/clock.ts';
import { InvalidOptionsError } from '../../core/errors.ts';
import { parseOptions } from '../../core/options.ts';
import type { IncidentSettings } from '../options.ts';
import { type SilenceRequest, silenceRequestSchema } from '../quiet/options.ts';
import { MAX_SILENCES, type Silences } from '../quiet/silences.ts';
import { redact } from '../redact.ts';
import type { Silence } from './hub-change.ts';

/** The longest a silence may last: one that is forgotten must not hide things for good. */
const MAX_SILENCE_MS = 30 * 86_400_000;

/**
 * The silence that somebody asks for, which is not in force yet.
 *
 * @throws {InvalidOptionsError} when something is wrong with it
 */
export function silenceOf(request: SilenceRequest, silences: Silences): Silence {
  const subject = 'Arguments of incidents.silence()';
  const parsed = parseOptions(silenceRequestSchema, request, '', subject);
  const from = wallNow();
  const { policies, severities, triggers, by, reason } = parsed;
  const until = parsed.until ?? from + (parsed.forMs ?? 0);
  const refuse = (path: string, message: string): never => {
    throw new InvalidOptionsError('', `${subject} cannot be used`, [{ path, message }]);
  };
  if (until <= from) refuse('until', 'must lie ahead');
  if (until > from + MAX_SILENCE_MS)
    refuse(parsed.until === undefined ? 'forMs' : 'until', 'must lie at most 30 days ahead');
  if (silences.all(from).length >= MAX_SILENCES)
    refuse('', `must not be one more: there are ${MAX_SILENCES} silences and maintenance windows`);
  return {
    id: `S-${randomBytes(4).toString('hex')}`,
    kind: 'silence',
    ...(policies === undefined ? {} : { policies }),
    ...(severities === undefined ? {} : { severities }),
    ...(triggers === undefined ? {} : { triggers }),
    from,
    until,
    by: redact(by),
    reason: redact(reason),
  };
}

/**
 * Maintenance windows from the options; each hub keeps its own. What a window says is what it is called: one that ends
 * before its time stays ended where it is given again, and no other does.
 */
export function maintenanceOf({ maintenance }: Pick<IncidentSettings, 'maintenance'>): readonly Silence[] {
  return maintenance.map(({ policies, severities, triggers, from, until, by, reason }) => {
    const window = {
      kind: 'maintenance' as const,
      ...(policies === undefined ? {} : { policies }),
      ...(severities === undefined ? {} : { severities }),
      ...(triggers === undefined ? {} : { triggers }),
      from,
      until,
      ...(by === undefined ? {} : { by: redact(by) }),
      reason: redact(reason),
    };
    const hash = createHash('sha256').update(JSON.stringify(window)).digest('hex');
    return { id: `M-${hash.slice(0, 8)}`, ...window };
  });
}
