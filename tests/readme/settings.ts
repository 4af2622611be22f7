/** What stands before and after a snippet's code so that it runs by itself. */
export interface Setting {
  readonly before?: string;
  readonly after?: string;
  /** Whether it needs a database. */
  readonly database?: boolean;
  /** Whether it trips hazards on purpose. */
  readonly hazards?: boolean;
}

const loadUser = "const loadUser = async (id: number) => ({ id, name: 'Ada' });";

const buildReport =
  'const buildReport = async (signal?: AbortSignal) => ({ rows: 3, aborted: signal?.aborted });';

/** Asks the server of a web snippet as its users would, and fails the program where an answer is wrong. */
const askServer = (port: string, close: string) => `
const base = \`http://127.0.0.1:\${${port}}\`;
const expectAnswer = async (path: string, status: number, text: string) => {
  const answer = await globalThis.fetch(base + path);
  const body = await answer.text();
  if (answer.status !== status || !body.includes(text)) throw new Error(\`\${path}: \${answer.status} \${body}\`);
};
await expectAnswer('/reports', 200, '{"rows":3,"aborted":false}');
await expectAnswer('/metrics', 200, 'breakwater_calls_total{policy="reports",outcome="success"} 1');
await expectAnswer('/readyz', 200, '"ready"');
breakwater.get('reports').circuit.forceOpen('to see the answer');
await expectAnswer('/reports', 503, 'CIRCUIT_OPEN');
await expectAnswer('/healthz', 200, 'ok');
${close}
`;

/** By snippet; one without an entry stands alone. */
export const settings: Readonly<Record<string, Setting>> = {
  'ten-lines': {
    before: 'const fetchPrice = async (_currency: string) => 1.08;',
    after: 'await breakwater.close();',
  },
  'ways-to-call': {
    before: `${loadUser}
const countUsers = async (_signal?: AbortSignal) => 1;
const origin = 'https://users.example.com';
globalThis.fetch = async () => new Response('users');`,
  },
  hazards: { hazards: true },
  fetch: {
    before: `let isUp = true;
const takePricesDown = () => { isUp = false; };
globalThis.fetch = async () =>
  isUp ? Response.json({ usd: 1.08 }) : new Response('down', { status: 503 });`,
    after: 'await breakwater.close();',
  },
  incidents: {
    before: `import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const folder = mkdtempSync(join(tmpdir(), 'breakwater-readme-'));
process.env.BREAKWATER_INCIDENTS = folder;
process.env.BREAKWATER_SOCKET = join(folder, 'control.sock');
process.env.SLACK_WEBHOOK_URL = 'https://hooks.slack.com/services/T0/B0/x';
process.env.PAGERDUTY_KEY = '0123456789abcdef0123456789abcdef';
globalThis.fetch = async () => new Response('ok');`,
    after: `for (let n = 0; n < 10; n += 1) {
  await breakwater.get('prices').execute(() => { throw new Error('down'); }).catch(() => {});
}
if (breakwater.incidents.open().length !== 1) throw new Error('there is no incident');
await breakwater.close();
rmSync(folder, { recursive: true });`,
  },
  pg: { database: true },
  'plain-metrics': {
    after: `import { once } from 'node:events';
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('the server has no port');
const answer = await globalThis.fetch(\`http://127.0.0.1:\${address.port}\`);
const text = await answer.text();
if (!text.includes('breakwater_calls_total{policy="reports",outcome="success"} 0')) throw new Error(text);
server.close();
await breakwater.close();`,
  },
  express: {
    before: buildReport,
    after: `import { once } from 'node:events';
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('no port');
${askServer('address.port', 'server.close();')}`,
  },
  fastify: {
    before: buildReport,
    after: `const [address] = app.addresses();
if (address === undefined || typeof address === 'string') throw new Error('no port');
${askServer('address.port', 'await app.close();')}`,
  },
  'slo-restart': { before: "import { Registry } from 'prom-client';" },
  'from-opossum': { before: loadUser },
  'from-p-retry': { before: loadUser },
};
