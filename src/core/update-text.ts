import type { UpdateEvent } from './events.ts';
import { shown } from './options.ts';

/** An update in words, as in `policy 'database': retry.maxRetries from 3 to 1 for 60000 ms`. */
export function updateText({ policy, status, keys, changes, forMs }: UpdateEvent): string {
  const what =
    changes.length === 0
      ? `${keys.join(', ')}, hidden by what holds for a time`
      : changes.map(({ option, from, to }) => `${option} from ${inWords(from)} to ${inWords(to)}`).join(', ');
  const until = forMs === undefined ? '' : ` for ${forMs} ms`;
  return `policy '${policy}': ${what}${until}${status === 'restored' ? ', since an override has ended' : ''}`;
}

/** What is no plain data has come in words already. */
function inWords(value: unknown): string {
  return typeof value === 'string' && /^an? (function|array|object)$/.test(value) ? value : shown(value);
}
