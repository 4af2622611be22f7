/**
 * Draws docs/images/slo-dashboard.svg: an outage of the example application as the dashboard shows it. Takes about
 * eight minutes and needs Prometheus.
 *
 *   npx tsx examples/slo/picture.ts
 *
 * With `--draw` it draws anew what was recorded before.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Cleanup } from '../support/cleanup.ts';
import { onInterrupt } from '../support/interrupt.ts';
import { dataText, pictureData } from './picture/data.ts';
import { drawing } from './picture/drawing.ts';
import { record } from './picture/recording.ts';

const dataPath = fileURLToPath(new URL('../../docs/images/slo-dashboard.json', import.meta.url));
const picturePath = fileURLToPath(new URL('../../docs/images/slo-dashboard.svg', import.meta.url));

if (!process.argv.includes('--draw')) await writeFile(dataPath, dataText(await recorded()));
const data = pictureData.parse(JSON.parse(await readFile(dataPath, 'utf8')));
await writeFile(picturePath, drawing(data));

async function recorded() {
  const cleanup = new Cleanup();
  const interrupt = onInterrupt();
  const interrupted = new Promise<never>((_, reject) => {
    interrupt.signal.addEventListener('abort', () => reject(interrupt.signal.reason), { once: true });
  });
  try {
    return await Promise.race([record(cleanup, (what) => console.log(what)), interrupted]);
  } finally {
    for (const problem of await cleanup.run()) console.error(problem);
    interrupt.stop();
  }
}
