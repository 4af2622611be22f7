import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { jsonAnswer } from '../../src/web/answers.ts';
import { takeOver } from '../../src/web/take-over.ts';

it('has a listener for what comes of writing after the end with a method that was kept', async () => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const write = response.write.bind(response);
  takeOver(request, response, jsonAnswer(504, {}));
  // Without a listener the process would end with an uncaught error.
  const heard: boolean[] = [];
  const emit = response.emit.bind(response);
  response.emit = (event: string | symbol, ...args: unknown[]) => {
    const was = emit(event, ...args);
    if (event === 'error') heard.push(was);
    return was;
  };
  write('late');
  await new Promise(setImmediate);
  expect(heard).toEqual([true]);
});
