import { setTimeout as sleep } from 'node:timers/promises';
/** What the dependency answers. */
export interface User {
  readonly id: string;
  readonly name: string;
}

/** A function that calls the dependency. */
export type Lookup = (key: string) => Promise<User>;

const KEYS = Array.from({ length: 64 }, (_, index) => `user:${index}`);

/** One of 64 keys, by turns. */
export function keyOf(call: number): string {
  return KEYS[call & 63] ?? '';
}

/** A dependency that answers at once, and counts how often it was asked. */
export class InstantDependency {
  runs = 0;
  readonly #user: User = { id: '7', name: 'Ada' };

  readonly lookup: Lookup = async () => {
    this.runs += 1;
    return this.#user;
  };
}

/** Timers that keep this process alive. */
function liveTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** Whether what `protect` makes of a function has a timer armed while the function runs. */
export async function armsTimer(
  protect: (lookup: Lookup) => (key: string) => Promise<unknown>,
): Promise<boolean> {
  // A timer that served calls before may linger for a moment.
  await sleep(50);
  const before = liveTimers();
  let during = before;
  await protect(async (id) => {
    during = liveTimers();
    return { id, name: 'Ada' };
  })(keyOf(0));
  return during > before;
}
