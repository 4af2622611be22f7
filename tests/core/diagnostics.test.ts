import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { diagnosticsChannels } from '../../src/core/diagnostics.ts';
import { Events, eventNames } from '../../src/core/events.ts';
import type { Breakwater } from '../../src/index.ts';
import { errorOf, failing, testHub } from '../support.ts';

let hub: Breakwater;
const ends: (() => void)[] = [];

/** What is published on a channel from now on. */
function heardOn(name: string): unknown[] {
  const heard: unknown[] = [];
  const listener = (message: unknown): void => {
    heard.push(message);
  };
  subscribe(`breakwater:${name}`, listener);
  ends.push(() => unsubscribe(`breakwater:${name}`, listener));
  return heard;
}

beforeEach(() => {
  vi.useFakeTimers();
  hub = testHub();
});

afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await hub.close();
  vi.useRealTimers();
});

describe('node:diagnostics_channel', () => {
  test('has a channel for each event', () => {
    expect(Object.keys(diagnosticsChannels)).toEqual(eventNames);
    const events = new Events(() => {}, diagnosticsChannels);
    for (const name of eventNames) {
      expect(events.heard[name]).toBe(false);
      const heard = heardOn(name);
      expect(events.heard[name]).toBe(true);
      diagnosticsChannels[name].publish(name);
      expect(heard).toEqual([name]);
    }
    for (const end of ends.splice(0)) end();
    expect(eventNames.filter((name) => events.heard[name])).toEqual([]);
  });

  test('carries the very events that listeners get', async () => {
    const listened: unknown[] = [];
    const [calls, attempts, circuits] = [heardOn('call'), heardOn('attempt'), heardOn('circuit')];
    hub.on('call', (event) => listened.push(event));
    const policy = hub.policy('database', { circuitBreaker: { consecutiveFailures: 1 } });
    await policy.execute(() => 'fine', { metadata: 'mine' });
    await errorOf(policy.execute(failing()));
    expect(calls).toMatchObject([
      { policy: 'database', outcome: 'success', metadata: 'mine' },
      { policy: 'database', outcome: 'failure' },
    ]);
    expect(calls[0]).toBe(listened[0]);
    expect(attempts).toMatchObject([{ outcome: 'success' }, { outcome: 'failure' }]);
    expect(circuits).toMatchObject([{ policy: 'database', from: 'closed', to: 'open' }]);
  });

  test('carries events of all hubs, until each is closed', async () => {
    const calls = heardOn('call');
    const other = testHub();
    await hub.policy('mine').execute(() => 1);
    const theirs = other.policy('theirs', { circuitBreaker: { consecutiveFailures: 1 } });
    await theirs.execute(() => 1);
    expect(calls).toMatchObject([{ policy: 'mine' }, { policy: 'theirs' }]);
    const circuits = heardOn('circuit');
    await other.close();
    theirs.circuit.forceOpen('by hand');
    expect(circuits).toEqual([]);
    await hub.get('mine').execute(() => 1);
    expect(calls).toHaveLength(3);
  });

  test('is not written to by events that no hub has', () => {
    const heard = heardOn('call');
    const events = new Events(() => {});
    expect(events.heard.call).toBe(false);
    expect(heard).toEqual([]);
  });

  test('a subscriber that throws harms no call, nor the listeners; Node raises what it threw', async () => {
    const raised = new Promise((resolve) => {
      // The runner's own listeners would fail the test; theirs are put back.
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const broken = new Error('broken subscriber');
    const throwing = (): void => {
      throw broken;
    };
    subscribe('breakwater:call', throwing);
    ends.push(() => unsubscribe('breakwater:call', throwing));
    const after = heardOn('call');
    const listened = vi.fn();
    hub.on('call', listened);
    const internal = vi.fn();
    hub.on('internal-error', internal);
    expect(await hub.policy('database').execute(() => 'fine')).toBe('fine');
    expect([after.length, listened.mock.calls.length]).toEqual([1, 1]);
    expect(await raised).toBe(broken);
    expect(internal).not.toHaveBeenCalled();
  });
});
