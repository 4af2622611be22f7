import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBreakwater } from 'breakwater';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { callControl } from '../../../src/incidents/control/client.ts';
import type { PolicyRecovery } from '../../../src/incidents/recovery/options.ts';
import { serveControl } from '../../incidents/control/support.ts';
import { sampleIncident } from '../../incidents/sample.ts';
import { breakwater, type Outcome, temporaryFolder } from '../support.ts';
import { TestJournal } from './journal.ts';

const ID = 'INC-20260204-001-9f3a01bc';
const NOW = Date.parse('2026-02-04T10:20:00.000Z');

const offered: readonly PolicyRecovery[] = [
  {
    policy: 'database',
    runbook: {
      title: 'Fail over',
      url: 'https://wiki.example.com/failover',
      steps: [
        { text: 'Look at the lag', command: "psql -c 'select lag()'", check: 'It is below 5 s' },
        { text: 'Promote the replica', check: 'Writes succeed', twoPeople: true },
      ],
    },
    controls: [
      { control: 'probe-now', text: 'Let the circuit try now.' },
      { control: 'force-closed', text: 'Let all through.', unavailable: 'the policy has no circuit' },
      {
        control: 'force-open',
        text: 'Turn all away.',
        active: { incident: ID, by: 'bob', until: NOW + 600_000 },
      },
      {
        control: 'change-limit',
        text: 'Change attemptTimeoutMs.',
        limit: { name: 'attemptTimeoutMs', current: 500, configured: 2_000 },
      },
    ],
  },
];

/** An application that offers this, and what it was asked to do. */
async function application() {
  const { application: served, path } = await serveControl();
  const asked: unknown[] = [];
  served.recovery = () => offered;
  served.recovered = (request) => asked.push(request);
  served.incident = () =>
    sampleIncident({
      timeline: [
        ...served.sample.timeline,
        ...asked.map(() => ({
          at: '2026-02-04T10:20:00.000Z',
          kind: 'steered',
          text: 'All are turned away.',
        })),
      ],
    });
  const run = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = { BREAKWATER_SOCKET: path },
  ) => breakwater(['incident', ...args], { env, now: () => NOW });
  return { run, asked, path };
}

it('shows the runbook and what the application can do, with commands to copy', async () => {
  const { run } = await application();
  const { code, out, err } = await run(['recovery']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(
    "Runbook: Fail over\n  https://wiki.example.com/failover\n  1. Look at the lag\n      psql -c 'select lag()'\n      Check: It is below 5 s\n",
  );
  expect(out).toContain('      Check: Writes succeed (by another person)\n');
  expect(out).toContain(`      breakwater incident runbook ${ID} 'Fail over' 1 started\n`);
  expect(out).toContain(`      breakwater incident recovery ${ID} --do probe-now\n`);
  expect(out).toContain('  force-closed: not now, the policy has no circuit\n');
  expect(out).toContain(`      bob began it for ${ID}; it lasts 10 min more.\n`);
  expect(out).toContain(`      breakwater incident recovery ${ID} --end force-open\n`);
  expect(out).toContain(
    `      breakwater incident recovery ${ID} --do change-limit --value N --for 15m --limit attemptTimeoutMs\n`,
  );
  expect(JSON.parse((await run(['recovery', '001-9f3a', '--json'])).out)).toEqual(offered);
});

it('does something, and says what the incident is then', async () => {
  const { run, asked } = await application();
  const args = [
    'recovery',
    '--do',
    'force-open',
    '--for',
    '10m',
    '--reason',
    'it is drowning',
    '--by',
    'bob',
  ];
  const { code, out } = await run(args);
  expect(code).toBe(0);
  expect(out).toBe(`${ID}  High  declared  shop/database\n  10:20:00  All are turned away.\n`);
  await run(['recovery', '--do', 'change-limit', '--limit', 'attemptTimeoutMs', '--value', '500']);
  await run(['recovery', '--end', 'force-open', '--policy', 'search']);
  expect(asked).toEqual([
    { control: 'force-open', by: 'bob', forMs: 600_000, reason: 'it is drowning', end: false },
    {
      control: 'change-limit',
      by: 'alice',
      limit: 'attemptTimeoutMs',
      value: 500,
      forMs: 900_000,
      end: false,
    },
    { control: 'force-open', by: 'alice', policy: 'search', forMs: 900_000, end: true },
  ]);
});

it('finds the application by its journal', async () => {
  const { run, path } = await application();
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'sockets'));
  const entry = { v: 1, socket: path, pid: process.pid, instance: 'shop-1' };
  writeFileSync(join(directory, 'sockets', `${process.pid}.json`), JSON.stringify(entry));
  expect((await run(['recovery'], { BREAKWATER_INCIDENTS: directory })).code).toBe(0);
  const { out } = await run(['recovery', '--directory', directory], {});
  expect(out).toContain(`--do probe-now --directory ${directory}\n`);
});

it('is on the page of an open incident where the application answers', async () => {
  const { path } = await application();
  const journal = new TestJournal();
  await journal.begin();
  const shown = async () => (await journal.run(['show'])).out;
  expect(await shown()).not.toContain('Runbook');
  mkdirSync(join(journal.directory, 'sockets'));
  const entry = { v: 1, socket: path, pid: process.pid, instance: 'shop-1' };
  writeFileSync(join(journal.directory, 'sockets', `${process.pid}.json`), JSON.stringify(entry));
  expect(await shown()).toContain('Runbook: Fail over\n');
  await journal.json(['runbook', 'Fail over', '1', 'rehearsed']);
  expect(await shown()).toContain('  1. Look at the lag  [rehearsed]\n');
  await journal.add(ID, [{ type: 'resolved', at: NOW, reason: 'x', durationMs: 1 }]);
  expect(await shown()).not.toContain('Runbook: Fail over\n');
});

it('reads the runbook from the journal where no process answers', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const steps = [{ text: 'Look at the lag', command: 'psql \\\n  -c lag', check: 'It is below 5 s' }];
  await journal.add(ID, [
    {
      type: 'situation',
      at: NOW,
      circuits: [],
      pipeline: [],
      process: { version: '1', node: '20', uptimeMs: 1, rssBytes: 1, heapUsedBytes: 1 },
      changes: [1, 2, 3, 4].map((ago) => ({
        at: Date.parse('2026-02-04T09:59:30.000Z') - ago * 60_000,
        version: `1.4.${ago}`,
        what: 'released',
      })),
      similar: [],
      runbooks: [{ policy: 'database', title: 'Fail over', steps }],
    },
  ]);
  const { out } = await journal.run(['show', '--directory', journal.directory]);
  expect(out).toContain(
    `Runbook: Fail over\n  1. Look at the lag\n      psql \\\n        -c lag\n      Check: It is below 5 s\n`,
  );
  expect(out).toContain(`runbook ${ID} 'Fail over' 1 started --directory ${journal.directory}\n`);
  expect(out).toContain('No process answers at a control socket of this journal');
  expect(out).not.toContain(`incident recovery ${ID}`);
  expect(out).toContain(
    'Changed before  2026-02-04 09:58:30 UTC, 1 min before the first failure: 1.4.1, released\n',
  );
  expect(out).toContain('3 min before the first failure: 1.4.3');
  expect(out).not.toContain('1.4.4');
});

it('prints commands as the command was called', async () => {
  const journal = new TestJournal();
  await journal.begin();
  const shown = async (env: Readonly<Record<string, string>>) =>
    journal.run(['show'], { env: { BREAKWATER_INCIDENTS: journal.directory, ...env } });
  const npm = { npm_command: 'exec', npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };
  expect((await shown({})).out).toContain(`      breakwater incident ack ${ID}\n`);
  expect((await shown(npm)).out).toContain(`      npx breakwater incident ack ${ID}\n`);
  const pnpm = { ...npm, npm_execpath: '/usr/lib/node_modules/pnpm/bin/pnpm.cjs' };
  expect((await shown(pnpm)).out).toContain(`      pnpm exec breakwater incident ack ${ID}\n`);
  const { err } = await journal.run(['show', 'zzzzzzzz'], {
    env: { BREAKWATER_INCIDENTS: journal.directory, ...npm },
  });
  expect(err).toContain('"npx breakwater incident list --all"');
});

it('explains why it did or did not notify', async () => {
  const { run } = await application();
  expect(await run(['explain'])).toEqual({ code: 0, out: 'nothing holds it back\n', err: '' });
  expect(JSON.parse((await run(['explain', ID, '--json'])).out)).toEqual(['nothing holds it back']);
});

const failing: readonly [readonly string[], Outcome['code'], string][] = [
  [['recovery', '--do', 'reboot'], 2, 'Allowed choices are probe-now'],
  [['recovery', '--do', 'force-open', '--end', 'force-open'], 2, 'cannot be used with'],
  [['recovery', '--for', '5m'], 2, '--for needs --do or --end'],
  [['recovery', '--do', 'change-limit'], 1, "limit: must be given with control: 'change-limit'"],
  [['recovery', '--do', 'change-limit', '--value', 'few'], 2, 'Write a number'],
  [['recovery', 'nothing-like-it'], 1, "there is no incident 'nothing-like-it'"],
  [['recovery', '--socket', '/nowhere/app.sock'], 2, 'nobody answers at /nowhere/app.sock'],
];

it('says why not', async () => {
  const { run, asked } = await application();
  for (const [args, expected, why] of failing) {
    const { code, out, err } = await run(args);
    expect(err).toContain(why);
    expect({ args, code, out }).toEqual({ args, code: expected, out: '' });
  }
  expect(asked).toEqual([]);
  expect(await run(['recovery'], {})).toMatchObject({ code: 2, err: expect.stringContaining('--socket') });
});

it('shows what others wrote harmlessly, and believes no other answer', async () => {
  const { application: served, path } = await serveControl();
  const env = { BREAKWATER_SOCKET: path };
  served.recovery = () => [{ policy: 'x\u001b[2J', controls: [{ control: 'probe-now', text: 'y\u202ez' }] }];
  const { out } = await breakwater(['incident', 'recovery'], { env });
  expect(out).toContain('x\\u001b[2J');
  expect(out).toContain('y\\u202ez');
  served.recovery = () => 'later';
  expect(await breakwater(['incident', 'recovery'], { env })).toMatchObject({
    code: 2,
    err: expect.stringContaining('does not know'),
  });
});

it('chooses among many incidents without asking for all that is known of them', async () => {
  const { application: served, path } = await serveControl();
  const env = { BREAKWATER_SOCKET: path };
  served.incidents = () => {
    throw new Error('the documents are asked for');
  };
  const { id, severity, policy, summary } = served.sample;
  served.summaries = () => [
    { id: 'INC-20260101-001-aaaaaaaa', status: 'closed', severity, policy, summary },
    { id, status: 'declared', severity, policy, summary },
  ];
  for (const args of [['recovery'], ['recovery', id], ['recovery', '--do', 'probe-now'], ['explain']]) {
    expect(await breakwater(['incident', ...args], { env })).toMatchObject({ code: 0, err: '' });
  }
});

it('is answered by a running application', async () => {
  const socket = join(temporaryFolder(), 's');
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const hub = createBreakwater({
    registry: new Registry(),
    logger,
    incidents: { control: { socket }, sinks: [] },
  });
  onTestFinished(() => hub.close());
  hub.policy('database', {});
  const { id } = hub.incidents.declare({ policy: 'database', summary: 'orders are missing', by: 'bob' });
  await vi.waitFor(() => callControl(socket, 'ping'));
  expect(await callControl(socket, 'incident.summaries')).toEqual([
    { id, status: 'declared', severity: 'Medium', policy: 'database', summary: 'orders are missing' },
  ]);
  const { code, out } = await breakwater(['incident', 'recovery', '--socket', socket]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(id) });
});
