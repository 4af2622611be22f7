/** One tenant's failing shard turns away that tenant's calls, and nobody else's. */
import { createBreakwater, isBreakwaterError } from 'breakwater';

const breakwater = createBreakwater({ incidents: false });
const shards = breakwater.policy('shards', {
  circuitBreaker: {
    perKey: ({ args: [tenant] }) => (typeof tenant === 'string' ? tenant : undefined),
    maxKeys: 500,
    consecutiveFailures: 3,
  },
});

const ordersOf = shards.wrap(async (tenant: string) => {
  if (tenant === 'acme') throw new Error('the shard of acme is down');
  return `orders of ${tenant}`;
});

async function ask(tenant: string): Promise<string> {
  try {
    return await ordersOf(tenant);
  } catch (error) {
    return isBreakwaterError(error, 'CIRCUIT_OPEN') ? 'turned away' : `failed: ${String(error)}`;
  }
}

for (let time = 1; time <= 4; time += 1) console.log(`acme ${time}: ${await ask('acme')}`);
console.log(`zeta: ${await ask('zeta')}`);
for (const { key, state } of shards.circuits) console.log(`${key ?? 'without a key'}: ${state}`);

await breakwater.close();
