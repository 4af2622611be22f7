import type { IncidentCommand } from '../../../incidents/commands/command.ts';
import type { IncidentChange } from '../../../incidents/incident/changes/change.ts';
import { describeChange } from '../../../incidents/incident/describe.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { type IncidentStatus, isBefore, isOpen } from '../../../incidents/incident/status.ts';
import { printable } from '../../../slo/spec/problems.ts';

/** The status that a step leads to. */
const leadsTo: Readonly<Partial<Record<IncidentCommand['do'], IncidentStatus>>> = {
  acknowledge: 'acknowledged',
  mitigated: 'mitigated',
  resolve: 'resolved',
  close: 'closed',
};

/**
 * What is to be said where a command is recorded and did not come to what was asked, because others wrote meanwhile.
 *
 * @param ineffective what of it moved nothing
 */
export function inVain(
  command: IncidentCommand,
  { id, status, steps }: IncidentJson,
  ineffective: readonly IncidentChange[],
): string | undefined {
  const asked = leadsTo[command.do];
  const undone = command.do === 'reopen' ? !isOpen(status) : asked !== undefined && isBefore(status, asked);
  if (ineffective.length === 0 && !undone) return undefined;
  const last = steps.at(-1);
  const by = last === undefined || last.by === null ? '' : ` by ${last.by}`;
  const since = last === undefined ? '' : `, since ${last.at.slice(11, 19)}${by}`;
  const what = ineffective.map(describeChange).join('; ');
  const lost = what === '' ? 'it is recorded, and undone already' : `without effect: ${what}`;
  return printable(`${lost}; somebody else was there first: ${id} is ${status}${since}`);
}
