/** Two places for one operation: when the primary fails, calls go to the standby, and back once it answers again. */
import { createBreakwater } from 'breakwater';

/** A replica of a price list; anything with a method will do, such as a connection pool. */
class Replica {
  readonly #name: string;
  isUp = true;

  constructor(name: string) {
    this.#name = name;
  }

  async price(item: string): Promise<string> {
    if (!this.isUp) throw new Error(`${this.#name} does not answer`);
    return `${item} from ${this.#name}`;
  }
}

const breakwater = createBreakwater({ incidents: false });
const tokyo = new Replica('tokyo');
const osaka = new Replica('osaka');

const prices = breakwater.policy('prices', {
  failover: {
    endpoints: [
      { name: 'tokyo', target: tokyo },
      { name: 'osaka', target: osaka },
    ],
    ejection: { consecutiveFailures: 3, baseEjectionMs: 500 },
  },
});
breakwater.on('endpoint', ({ endpoint, status, reason }) => console.log(`${endpoint} ${status}: ${reason}`));

// The target is a Replica: no cast, and no word about where it is.
const priceOf = prices.wrapWithContext(({ target }, item: string) => target.price(item));

console.log(await priceOf('tea'));
tokyo.isUp = false;
for (const item of ['rice', 'salt', 'soap', 'oil']) console.log(await priceOf(item));

tokyo.isUp = true;
await new Promise((resolve) => setTimeout(resolve, 600));
console.log(await priceOf('tea'));

const { attempts, calls } = prices.stats();
console.log({
  calls: calls.success,
  failedCalls: calls.failure,
  attempts: attempts.success,
  failed: attempts.failure,
});

await breakwater.close();
