import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { callControl } from '../../../src/incidents/control/client.ts';
import { MAX_RESPONSE_BYTES } from '../../../src/incidents/control/protocol.ts';
import { folder } from './support.ts';

/** Something at a socket that answers as it is told to. */
async function answering(text: string): Promise<string> {
  const path = join(folder(), 's');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      if (text !== '') socket.write(text);
    });
    onTestFinished(() => {
      socket.destroy();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return path;
}

it('waits for an answer no longer than it was told to', async () => {
  const path = await answering('');
  await expect(callControl(path, 'ping', {}, { timeoutMs: 30 })).rejects.toMatchObject({ kind: 'timeout' });
});

it('waits longer than a timer can', async () => {
  const path = await answering('{"id":1,"result":"late"}\n');
  await expect(callControl(path, 'ping', {}, { timeoutMs: 2 ** 31 + 1_000 })).resolves.toBe('late');
});

it('ends with the reason of the signal', async () => {
  const path = await answering('');
  const reason = new Error('enough');
  const controller = new AbortController();
  const call = callControl(path, 'ping', {}, { signal: controller.signal });
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  await expect(callControl(path, 'ping', {}, { signal: controller.signal })).rejects.toBe(reason);
});

it.each(['nonsense\n', '{"id":1}x\n', '[]\n'])('is not fooled by %j', async (text) => {
  const path = await answering(text);
  await expect(callControl(path, 'ping')).rejects.toMatchObject({ kind: 'lost' });
});

it('names the size that an answer must not have', async () => {
  const path = await answering('x'.repeat(MAX_RESPONSE_BYTES + 1));
  await expect(callControl(path, 'ping')).rejects.toMatchObject({
    kind: 'lost',
    message: `${path} gave an answer of more than 16 MiB, which is not read`,
  });
});
