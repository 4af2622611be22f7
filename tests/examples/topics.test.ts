import { afterEach, describe, expect, it } from 'vitest';
import { Program } from './program.ts';

let program: Program | undefined;
afterEach(() => program?.end());

async function outputOf(path: string): Promise<string> {
  program = new Program(path);
  expect(await program.exited, program.stderr).toBe(0);
  expect(program.stderr).toBe('');
  return program.stdout;
}

describe('the examples run and end by themselves', () => {
  it('quick-start answers from the cache once the dependency is down', async () => {
    const output = await outputOf('examples/quick-start.ts');
    expect(output).toContain('up:   42');
    expect(output).toContain('down: 42 (circuit: open)');
    expect(output).toContain('{ succeeded: 1, answeredFromCache: 1, retries: 2 }');
  });

  it('custom-order counts calls, not attempts, with the breaker outside of retry', async () => {
    const output = await outputOf('examples/custom-order.ts');
    expect(output).toContain('20: failed: Error: cannot post 20');
    expect(output).toContain('30: turned away by the breaker');
    expect(output).toContain('attempts: 6, circuit: open');
  });

  it('circuit-by-hand opens, turns away and resets', async () => {
    const output = await outputOf('examples/circuit-by-hand.ts');
    expect(output).toMatch(/result for harbour.*closed -> forced-open.*CIRCUIT_OPEN.*result for harbour/s);
    expect(output).toContain("{ name: 'search', opened: false, successes: 2 }");
  });

  it('incidents raises one alert on a signed webhook and resolves it', async () => {
    const output = await outputOf('examples/incidents.ts');
    expect(output.match(/^incident\.opened/gm)).toHaveLength(1);
    expect(output.match(/^incident\.resolved/gm)).toHaveLength(1);
    expect(output).toContain('webhook: resolved delivered (HTTP 204)');
  });
});
