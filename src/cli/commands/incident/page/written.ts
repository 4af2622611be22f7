import type { Terminal } from '../../../terminal.ts';
import { clockText } from '../print.ts';
import type { Written } from '../session.ts';
import { addNext, titleOf } from './head.ts';
import { Page, type PageOptions, type Span } from './layout.ts';

/** Of what stands next after a command, this much. */
const MOST_STEPS = 3;

/** What a command did, what the incident is now, and what is next. */
export function writtenText(terminal: Terminal, written: Written, options: PageOptions): string {
  const { after, added } = written;
  const page = new Page(terminal);
  addNews(page, written);
  const warning = stillFailing(written);
  if (warning !== undefined) page.item(`Warning: ${warning}`, 'red');
  if (added.length > 0) page.item(`recorded as ${added.join(', ')}`);
  addNext(page, after, options, MOST_STEPS);
  return page.toString();
}

/** What speaks against that it is mitigated, as somebody said; they may know better, so that it is no refusal. */
export function stillFailing({ before, after }: Pick<Written, 'before' | 'after'>): string | undefined {
  const { condition, impact } = after;
  if (before.status === 'mitigated' || after.status !== 'mitigated' || condition.circuit?.state !== 'open') {
    return undefined;
  }
  const since = `the circuit is open since ${clockText(condition.circuit.at)} UTC`;
  if (impact.during === null) return since;
  const { calls, failed, timedOut, rejected } = impact.during;
  const counts = [`${failed} failed`, `${timedOut} timed out`, `${rejected} were rejected`];
  const hurt = counts.filter((count) => !count.startsWith('0 ')).join(', ');
  const all = `${calls} call${calls === 1 ? '' : 's'} since it began`;
  return `${since}; of ${all} ${hurt === '' ? 'none failed' : hurt}`;
}

/** What the application did, and what the incident is now. */
export function steeredText(terminal: Terminal, written: Written): string {
  const page = new Page(terminal);
  addNews(page, written);
  return page.toString();
}

function addNews(page: Page, written: Written): void {
  page.line(...titleOf(written.after));
  page.fields(
    newEntries(written).map(({ at, text }): [Span, Span] => [
      { text: clockText(at), style: 'dim' },
      { text },
    ]),
  );
}

/** The timeline's entries that were not there before, whatever order the clocks of several processes give them. */
function newEntries({ before, after }: Written): Written['after']['timeline'] {
  const known = new Map<string, number>();
  const keyOf = ({ at, kind, text }: Written['after']['timeline'][number]) => `${at} ${kind} ${text}`;
  for (const entry of before.timeline) known.set(keyOf(entry), (known.get(keyOf(entry)) ?? 0) + 1);
  return after.timeline.filter((entry) => {
    const left = known.get(keyOf(entry)) ?? 0;
    known.set(keyOf(entry), left - 1);
    return left <= 0;
  });
}
