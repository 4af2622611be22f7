import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import { z } from 'zod';
import { findProgram, until } from '../../prometheus/support.ts';

const program = findProgram('prometheus-alertmanager');

/** Whether this machine has Debian's Alertmanager. */
export const alertmanagerInstalled = program !== undefined;

/** Skips each test of the file where Alertmanager is not installed, with the reason. */
export function skipWithoutAlertmanager(): void {
  beforeEach(({ skip }) => {
    if (!alertmanagerInstalled) skip("needs Debian's prometheus-alertmanager package");
  });
}

/** Runs the program until its input ends, so that it outlives nobody, then deletes its folder. */
const RUN = '"$@" & pid=$!; cat > /dev/null; kill -KILL "$pid"; wait "$pid"; rm -rf "$0"';

const labels = z.record(z.string(), z.string());
const alerts = z.array(
  z.object({
    labels,
    annotations: labels,
    startsAt: z.string(),
    endsAt: z.string(),
    generatorURL: z.string().optional(),
    status: z.object({ state: z.string() }),
  }),
);
const groups = z.array(z.object({ labels, alerts }));

/** An Alertmanager of one's own, on a free port of the loopback interface. */
export interface Alertmanager {
  readonly url: string;
  /** The alerts that have not ended. */
  alerts(): Promise<z.output<typeof alerts>>;
  groups(): Promise<z.output<typeof groups>>;
  stop(): Promise<void>;
}

/** @param webhook where it notifies of firing and resolved alerts */
export async function startAlertmanager(webhook: string): Promise<Alertmanager> {
  if (program === undefined) throw new Error("There is no 'prometheus-alertmanager' in the PATH.");
  const directory = await mkdtemp(join(tmpdir(), 'breakwater-alertmanager-'));
  const config = join(directory, 'alertmanager.yml');
  await writeFile(config, configuration(webhook));
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(directory, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=',
  ];
  const child = spawn('/bin/sh', ['-c', RUN, directory, program, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-8_000);
  });
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  const get = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).json();
  try {
    let url = '';
    await until('Alertmanager to be ready', async () => {
      const address = /msg="Listening on".* address=(\S+)/.exec(log)?.[1];
      if (address === undefined) return false;
      url = `http://${address}`;
      return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1_000) })).ok;
    });
    return {
      url,
      alerts: async () => alerts.parse(await get(`${url}/api/v2/alerts`)),
      groups: async () => groups.parse(await get(`${url}/api/v2/alerts/groups`)),
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`Alertmanager did not start:\n${log}`, { cause: error });
  }
}

function configuration(webhook: string): string {
  return `
route:
  receiver: test
  group_by: [policy]
  group_wait: 0s
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - name: test
    webhook_configs:
      - url: ${webhook}
        send_resolved: true
`;
}
