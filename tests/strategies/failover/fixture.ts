import type { EndpointEvent, FailoverEvent, FailoverOptions, PolicyOptions } from '../../../src/index.ts';
import { testHub } from '../../support.ts';

/** A place that the test switches on and off. */
export class Site {
  readonly name: string;
  isUp = true;
  calls = 0;

  constructor(name: string) {
    this.name = name;
  }

  ask(): Promise<string> {
    this.calls += 1;
    return this.isUp ? Promise.resolve(this.name) : Promise.reject(new Error(`${this.name} is down`));
  }
}

/** Asks where the call was sent. */
export const ask = ({ target }: { readonly target: Site }): Promise<string> => target.ask();

/** A policy over so many sites, with what it tells. */
export function setUp(
  given: Partial<FailoverOptions<Site>> = {},
  options: PolicyOptions<Site> = {},
  names = ['a', 'b'],
) {
  const hub = testHub();
  const sites = names.map((name) => new Site(name));
  const endpoints = given.endpoints ?? sites.map((target) => ({ name: target.name, target }));
  const policy = hub.policy<Site>('db', {
    circuitBreaker: false,
    failover: { ...given, endpoints },
    ...options,
  });
  const failovers: FailoverEvent[] = [];
  const changes: EndpointEvent[] = [];
  hub.on('failover', (event) => failovers.push(event));
  hub.on('endpoint', (event) => changes.push(event));
  const [a = new Site('none'), b = new Site('none')] = sites;
  return { hub, policy, sites, a, b, failovers, changes };
}

/** The lines of one metric. */
export async function metric(hub: ReturnType<typeof testHub>, name: string): Promise<string[]> {
  const text = await hub.registry.metrics();
  return text.split('\n').filter((line) => line.startsWith(`breakwater_${name}{`));
}
