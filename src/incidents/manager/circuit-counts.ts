import { wallNow } from '../../core/clock.ts';
import { type CircuitTally, tallyText } from '../circuit-tally.ts';
import type { IncidentSettings } from '../options.ts';
import { allClosed, type PolicyReading } from '../policy-reader.ts';
import type { Watch } from '../watch.ts';
import type { Ledger } from './ledger.ts';
import type { Teller } from './teller.ts';

/** What `countCircuits` works with. */
export interface CountParts {
  readonly settings: Pick<IncidentSettings, 'reviewMs'>;
  readonly ledger: Ledger;
  readonly teller: Teller;
}

/** How the circuits of a policy were when that was recorded last. */
export interface CountedCircuits {
  readonly text: string;
  readonly tally: CircuitTally;
  /** Monotonic time. */
  readonly at: number;
}

/**
 * Notes how the circuits of a policy are that has several. Those of keys may be a thousand, so that not each move is on
 * the timeline, but what they come to: when their number has doubled, halved or become 0, when endpoints moved, and else
 * once within `reviewMs`. People are told each time that twice as many keys are open.
 *
 * @param told whether people were just told of it anyway
 */
export function countCircuits(
  watch: Watch,
  { tally, states }: PolicyReading,
  { settings, ledger, teller }: CountParts,
  { now, told }: { readonly now: number; readonly told: boolean },
): void {
  const { ownOpen: _, letsAllThrough: __, openEndpoints: ___, ...counts } = tally;
  const { keysOpen, endpointsOpen } = counts;
  const closed = allClosed(states);
  const { counted, record, policySeen } = watch;
  const isOtherwise =
    policySeen && states.length > 0 && record.allClosed !== undefined && record.allClosed !== closed;
  const text = tallyText(tally) ?? (isOtherwise ? circuitText(closed) : undefined);
  if (text === undefined) return;
  const isNews =
    counted === undefined
      ? keysOpen > 0 || endpointsOpen > 0
      : text !== counted.text && (isMuchElse(tally, counted.tally) || now - counted.at >= settings.reviewMs);
  if (isNews || isOtherwise) {
    watch.counted = { text, tally, at: now };
    const worst = counts.worst.map((key) => ({ ...key }));
    ledger.record(record, { type: 'circuits', at: wallNow(), text, allClosed: closed, ...counts, worst });
  }
  if (keysOpen < 2 * watch.keysTold) return;
  watch.keysTold = keysOpen;
  if (!told) teller.update(watch, text);
}

function isMuchElse(now: CircuitTally, before: CircuitTally): boolean {
  if (now.ownOpen !== before.ownOpen || now.letsAllThrough !== before.letsAllThrough) return true;
  if (now.endpointsOpen !== before.endpointsOpen || now.endpoints !== before.endpoints) return true;
  if (now.keysOpen === before.keysOpen) return false;
  return now.keysOpen >= 2 * before.keysOpen || 2 * now.keysOpen <= before.keysOpen;
}

/** Of a policy that has one circuit, or none of keys at the moment. */
function circuitText(closed: boolean): string {
  return closed ? 'No circuit is open.' : 'A circuit is not closed.';
}
