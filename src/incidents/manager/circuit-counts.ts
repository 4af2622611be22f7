import { wallNow } from '../../core/clock.ts';
import { tallyText } from '../circuit-tally.ts';
import { allClosed, type PolicyReading } from '../policy-reader.ts';
import type { Watch } from '../watch.ts';
import type { Ledger } from './ledger.ts';
import type { Teller } from './teller.ts';

/**
 * Notes how the circuits of a policy are that has several. Those of keys may be a thousand, so that not each move is on
 * the timeline, but what they come to; people are told each time that twice as many keys are open.
 */
export function countCircuits(
  watch: Watch,
  { tally, states }: PolicyReading,
  { ledger, teller }: { readonly ledger: Ledger; readonly teller: Teller },
): void {
  const { ownOpen: _, ...counts } = tally;
  const { keysOpen, endpointsOpen } = counts;
  const said = tallyText(tally);
  const isNews = keysOpen > 0 || endpointsOpen > 0 || watch.circuitsText !== undefined;
  if (said === undefined || said === watch.circuitsText || !isNews) return;
  watch.circuitsText = said;
  const worst = counts.worst.map((key) => ({ ...key }));
  const closed = allClosed(states);
  ledger.record(watch.record, {
    type: 'circuits',
    at: wallNow(),
    text: said,
    allClosed: closed,
    ...counts,
    worst,
  });
  if (keysOpen < 2 * watch.keysTold) return;
  watch.keysTold = keysOpen;
  teller.update(watch, said);
}
