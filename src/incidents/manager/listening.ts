import { monotonicNow } from '../../core/clock.ts';
import type { Events } from '../../core/events.ts';
import { updateText } from '../../core/update-text.ts';
import type { Workings } from './workings.ts';

/** Longest text of a change of options, in characters. */
const MAX_UPDATE_LENGTH = 500;

/**
 * Has the incidents hear what circuits, error budgets, limits, endpoints and updates do.
 *
 * @param guard keeps what fails from whoever caused the event
 * @returns what ends it
 */
export function listenTo(
  events: Events,
  { triggers, rejections, ejections, agenda, notes, heed }: Workings,
  guard: (policy: string, run: () => void) => void,
): readonly (() => void)[] {
  return [
    events.on('circuit', (event) => guard(event.policy, () => triggers.circuitMoved(event))),
    events.on('endpoint', (event) =>
      guard(event.policy, () => {
        const now = monotonicNow();
        if (event.status === 'ejected') triggers.ejected(event, ejections.ejected(event, now));
        else {
          ejections.returned(event, now);
          triggers.returned(event);
        }
      }),
    ),
    events.on('update', (event) =>
      guard(event.policy, () => notes.change({ what: updateText(event).slice(0, MAX_UPDATE_LENGTH) })),
    ),
    events.on('slo', (event) => guard(event.policy, () => heed(event))),
    ...(rejections === undefined
      ? []
      : [
          events.on('rejection', (event) =>
            guard(event.policy, () => {
              if (rejections.count(event, monotonicNow)) agenda.schedule();
            }),
          ),
        ]),
  ];
}
