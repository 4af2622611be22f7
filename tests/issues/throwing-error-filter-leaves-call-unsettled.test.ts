import { expect, test } from 'vitest';
import type { Classify } from '../../src/index.ts';
import { errorOf, failing, testHub } from '../support.ts';

test('a classify that throws is reported, and the call settles as if there were none', async () => {
  const hub = testHub();
  const reports: unknown[] = [];
  hub.on('internal-error', ({ component, error }) => reports.push([component, error]));
  const broken = new Error('the filter is broken');
  const policy = hub.policy('database', {
    circuitBreaker: { consecutiveFailures: 2 },
    classify: () => {
      throw broken;
    },
  });
  expect(await policy.execute(() => 'fine')).toBe('fine');
  expect(await errorOf(policy.execute(failing('down')))).toMatchObject({ message: 'down' });
  expect(reports).toEqual([
    ['classify', broken],
    ['classify', broken],
  ]);
  expect(policy.circuit.window).toMatchObject({ attempts: 2, failures: 1 });
  expect(policy.stats()).toMatchObject({ callsInFlight: 0, attemptsInFlight: 0, internalErrors: 2 });
});

test('so is one that answers rubbish', async () => {
  const hub = testHub();
  const reports: string[] = [];
  hub.on('internal-error', ({ component }) => reports.push(component));
  const rubbish = ['broken', null, 7, {}, { verdict: 'broken' }, Promise.reject(new Error('async'))];
  const asked = rubbish.length;
  // @ts-expect-error: no answer is a verdict
  const classify: Classify = () => rubbish.shift();
  const policy = hub.policy('database', { circuitBreaker: false, classify });
  for (let at = 0; at < asked; at += 1)
    expect(await errorOf(policy.execute(failing('down')))).toMatchObject({ message: 'down' });
  expect(reports).toEqual(Array.from({ length: asked }, () => 'classify'));
  expect(policy.stats()).toMatchObject({ calls: { failure: asked }, callsInFlight: 0 });
});
