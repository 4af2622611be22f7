import { afterEach, describe, expect, it } from 'vitest';
import { Program, stillRunning, stillThere } from './program.ts';

let program: Program | undefined;
afterEach(() => program?.end());

/** @param warnings what it is to write to the standard error: the hazards that it trips, none by default */
async function outputOf(path: string, warnings: string | RegExp = /^$/): Promise<string> {
  program = new Program(path);
  expect(await program.exited, program.stderr).toBe(0);
  expect(program.stderr).toMatch(warnings);
  return program.stdout;
}

describe('the examples run and end by themselves', () => {
  it('quick-start answers from the cache once the dependency is down', async () => {
    const output = await outputOf('examples/quick-start.ts');
    expect(output).toContain('up:   42');
    expect(output).toContain('down: 42 (circuit: open)');
    expect(output).toContain('{ succeeded: 1, answeredFromCache: 1, retries: 2 }');
  });

  it('failover goes to the standby and back, and loses no call', async () => {
    const output = await outputOf('examples/failover.ts');
    expect(output).toMatch(/^tokyo ejected: failed 3 times in a row$.*^tokyo returned: .*^tea from tokyo$/ms);
    expect(output).toContain('{ calls: 6, failedCalls: 0, attempts: 6, failed: 3 }');
  });

  it('custom-order counts calls, not attempts, with the breaker outside of retry', async () => {
    const output = await outputOf('examples/custom-order.ts');
    expect(output).toContain('20: failed: Error: cannot post 20');
    expect(output).toContain('30: turned away by the breaker');
    expect(output).toContain('attempts: 6, circuit: open');
  });

  it('bulkhead lets two run, and the important one in before the others', async () => {
    const output = await outputOf('examples/bulkhead.ts');
    expect(output.split('\n').slice(0, -1)).toEqual([
      'sales runs',
      'stock runs',
      'chart 3 is turned away: 2 run, 3 wait',
      'invoice runs',
      'chart 1 runs',
      'chart 2 runs',
    ]);
  });

  it('rate-limit lets a burst pass, two wait, and one come again', async () => {
    const output = await outputOf('examples/rate-limit.ts');
    expect(output.match(/is found$/gm)).toHaveLength(6);
    expect(output).toMatch(
      /^Cork is found\nFaro is turned away.*\nDover is found\nEsbjerg is found\nFaro is found$/m,
    );
    expect(output).toContain('1 turned away in all');
  });

  it('circuit-by-hand opens, turns away and resets', async () => {
    const output = await outputOf('examples/circuit-by-hand.ts');
    expect(output).toMatch(/result for harbour.*closed -> forced-open.*CIRCUIT_OPEN.*result for harbour/s);
    expect(output).toContain("{ name: 'search', opened: false, successes: 2 }");
  });

  it('live-update changes thresholds for good and for a time', async () => {
    const output = await outputOf('examples/live-update.ts');
    expect(output).toContain('attempts: 4');
    expect(output.match(/^attempts during the sale: 1$/gm)).toHaveLength(2);
    expect(output).toMatch(
      /^breakwater: .* retry\.maxRetries from 3 to 0, attemptTimeoutMs from 2000 to 300 for/m,
    );
    expect(output).toContain('attempts after it: 2, the window kept 8');
    expect(output).toContain('nothing changed: retry.maxRetries, attemptTimeoutMs');
  });

  it('throttle turns most of what would be refused away, and the important last', async () => {
    const output = await outputOf('examples/throttle.ts');
    expect(output).toContain('low: 400 calls, most turned away without asking');
    expect(output).toContain('critical: sent');
  });

  it('adaptive-limit turns away what would queue', async () => {
    const output = await outputOf('examples/adaptive-limit.ts');
    expect(output).toContain('4 at once:  0 turned away');
    expect(output).toContain('60 at once: most turned away');
  });

  it('incidents raises one alert on a signed webhook and resolves it', async () => {
    const output = await outputOf('examples/incidents.ts');
    expect(output.match(/^incident\.opened/gm)).toHaveLength(1);
    expect(output.match(/^incident\.resolved/gm)).toHaveLength(1);
    expect(output).toContain('webhook: resolved delivered (HTTP 204)');
  });

  it('chaos makes faults that the policy bears, and says when it is on and off', async () => {
    const output = await outputOf('examples/chaos.ts');
    expect(output).toContain('chaos of prices is on: code switched it on, faults: 0');
    expect(output).toContain('chaos of prices is off: code switched it off, faults: 4');
    expect(output).toContain('{ calls: 22, failedAttempts: 4, retries: 4 }\ncircuit: closed');
  });

  it('hazards are found in options and in calls, and silenced', async () => {
    const output = await outputOf('examples/hazards.ts', /WORST_CASE_OVER_TOTAL_TIMEOUT.*\n.*RETRY_ON_RETRY/);
    expect(output).toContain('warned of search: WORST_CASE_OVER_TOTAL_TIMEOUT');
    expect(output).toMatch(/better: 0 hazards.*nightly job: 0 hazards\nwarned of better: RETRY_ON_RETRY/s);
  });

  it('diagnostics are heard by who has no hub', async () => {
    const output = await outputOf('examples/diagnostics.ts');
    expect(output.trim().split('\n')).toEqual([
      'call of orders: success',
      'call of orders: failure',
      'circuit of orders: closed -> open',
      'call of orders: failure',
      'call of orders: rejected',
    ]);
  });

  it('fetch answers with a copy while the service is overloaded', async () => {
    const output = await outputOf('examples/fetch.ts');
    expect(output).toMatch(/^200 \{ eur: 1\.08 \}$/m);
    expect(output).toMatch(/^200 \{ eur: 1\.08 \} stale; age=0$/m);
    expect(output).toMatch(/^503 1$/m);
  });

  it('express turns callers away once the route has failed three times', async () => {
    const output = await outputOf('examples/express.ts');
    expect(output.match(/^[123] 500 retry-after: null$/gm)).toHaveLength(3);
    expect(output).toMatch(/^4 503 retry-after: 1[01]$/m);
    expect(output).toContain('breakwater_circuit_state{policy="reports",state="open"} 1');
    expect(output).toMatch(/^200 \{"status":"ready"/m);
  });

  it('fastify answers 504, and then 503 at once', async () => {
    const output = await outputOf('examples/fastify.ts');
    expect(output.match(/^[12] 504 .*"code":"TIMEOUT"/gm)).toHaveLength(2);
    expect(output).toMatch(/^3 503 .*"code":"CIRCUIT_OPEN"/m);
    expect(output).toContain('breakwater_calls_total{policy="reports",outcome="timeout"} 2');
  });

  it('database answers with what it remembers once PostgreSQL is stopped, and leaves nothing behind', async () => {
    const output = await outputOf('examples/database.ts');
    const rows = "[ { name: 'ann', cents: 300 }, { name: 'ben', cents: 200 } ]";
    expect(output).toContain(`${rows} live\n`);
    expect(output).toContain(`${rows} stale\n`);
    expect(await stillRunning(program?.processIds ?? [])).toEqual([]);
    expect(await stillThere(program?.directories ?? [])).toEqual([]);
  });

  it('hedge answers a slow call by a second attempt, and makes no more than were earned', async () => {
    const output = await outputOf('examples/hedge.ts');
    expect(output).toMatch(/hedge 1: .*attempt 1 is told to stop.*results for breakwater, by attempt 2/s);
    expect(output).toContain('an attempt took longer than 400 ms');
    expect(output).toContain('breakwater_hedges_total{policy="search",result="won"} 1');
    expect(output).toContain('breakwater_hedges_total{policy="search",result="denied"} 2');
  });

  it('shadow counts what limits would have done, and puts one in force', async () => {
    const output = await outputOf('examples/shadow.ts');
    expect(output).toContain('6 calls: 3 succeeded, 3 failed, 0 were turned away');
    expect(output).toContain('would have been turned away: { bulkhead_full: 4, rate_limited: 2 }');
    expect(output).toContain("bulkhead.mode from 'shadow' to 'enforce'");
    expect(output).toContain("The bulkhead of policy 'reports' is full");
  });

  it('attempt-budget keeps an outage from becoming a storm', async () => {
    const output = await outputOf('examples/attempt-budget.ts');
    expect(output).toContain('bounded: 100 calls, 120 attempts');
    expect(output).toContain('unbounded: 100 calls, 400 attempts');
  });

  it("per-key turns away one tenant's calls and nobody else's", async () => {
    const output = await outputOf('examples/per-key.ts');
    expect(output).toMatch(/acme 3: failed.*acme 4: turned away.*zeta: orders of zeta/s);
    expect(output).toMatch(/without a key: closed\nacme: open\nzeta: closed/);
  });

  it('probe finds out by a health check that the dependency is back', async () => {
    const output = await outputOf('examples/probe.ts');
    expect(output).toContain('half-open -> open: its health check failed');
    expect(output).toMatch(
      /half-open -> closed: its health check succeeded\n2 calls reached search.*\nfound/,
    );
  });

  it('deadline carries what is left of the time to the next service', async () => {
    const output = await outputOf('examples/deadline.ts');
    expect(output).toContain('given up: true\nin time: true, requests: 1\nTIMEOUT, requests: 1\n');
    expect(output).toContain('database: 0 failures, 1 timeout');
  });

  it('stream protects until the last chunk', async () => {
    const output = await outputOf('examples/stream.ts');
    expect(output).toMatch(/Malmö: BULKHEAD_FULL.*Aurora, that is enough.*Oslo: nothing for 100 ms/s);
    expect(output).toContain("{ success: 2, failure: 1, timeout: 1, rejected: 1, circuit: 'open' }");
  });
});
