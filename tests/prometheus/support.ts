import { spawn } from 'node:child_process';
import { beforeEach } from 'vitest';
import { findProgram } from '../../examples/slo/prometheus.ts';

export {
  findProgram,
  Prometheus,
  type PrometheusOptions,
  type ScrapeJob,
  startPrometheus,
} from '../../examples/slo/prometheus.ts';
export { type RangeSeries, type Sample, until } from '../../examples/slo/prometheus-api.ts';

/** Whether this machine has Prometheus and its promtool. */
export const prometheusInstalled =
  findProgram('prometheus') !== undefined && findProgram('promtool') !== undefined;

/**
 * Skips each test of the file, or of the `describe` it is called in, where Prometheus is not installed, with the
 * reason. Files that start a server in `beforeAll` ask `prometheusInstalled` first: hooks are run all the same.
 */
export function skipWithoutPrometheus(): void {
  beforeEach(({ skip }) => {
    if (!prometheusInstalled) skip("needs Debian's prometheus package");
  });
}

/** What a run of promtool came to. */
export interface PromtoolResult {
  /** Its exit code: 0 when it found nothing to complain about. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs promtool.
 *
 * @param args as on its command line, such as `['check', 'rules', 'slo.rules.yaml']`
 * @param options.cwd where the files are that `args` name
 * @param options.input what it reads, as `check metrics` does
 */
export function promtool(
  args: readonly string[],
  options: { readonly cwd?: string | undefined; readonly input?: string | undefined } = {},
): Promise<PromtoolResult> {
  const { cwd, input = '' } = options;
  return new Promise((resolve, reject) => {
    // Go's collector of garbage would take a quarter of its time.
    const env = { ...process.env, GOGC: '400' };
    const child = spawn('promtool', args, { cwd, env, timeout: 100_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject).once('close', (status) => resolve({ status: status ?? -1, stdout, stderr }));
    // A promtool that ends before it has read everything is told of by its status.
    child.stdin.on('error', () => {}).end(input);
  });
}

/**
 * Asks once more what promtool complained about. On a busy machine its `test rules` may, once in some hundred runs, not
 * find a sample that it finds in any other run of the same files. Rules that are wrong are so each time.
 */
export async function askTwice(ask: () => Promise<PromtoolResult>): Promise<PromtoolResult> {
  const first = await ask();
  return first.status === 0 ? first : ask();
}
