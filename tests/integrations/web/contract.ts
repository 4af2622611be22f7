import { makeBench } from './bench.ts';
import { describeEndpoints } from './endpoints-contract.ts';
import { describeErrors } from './errors-contract.ts';
import type { WebKit } from './kit.ts';
import { describeRejections } from './rejections-contract.ts';
import { describeTimeouts } from './timeouts-contract.ts';
import { describeVerdicts } from './verdicts-contract.ts';

/** What a guard, the error handler and the endpoints do on every framework, over real connections. */
export function describeWebContract(kit: WebKit): void {
  const bench = makeBench(kit);
  describeVerdicts(bench);
  describeRejections(bench);
  describeTimeouts(bench);
  describeErrors(bench);
  describeEndpoints(bench);
}
