import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import { deferred } from '../../support.ts';
import type { Bench } from './bench.ts';
import { ask, askAndWait } from './http-client.ts';

/** What an exchange means for the policy of its guard. */
export function describeVerdicts({ guarded, outcome }: Bench): void {
  describe('verdicts', () => {
    it.each([
      [200, 'success'],
      [304, 'success'],
      [404, 'refused'],
      [429, 'refused'],
      [500, 'failure'],
      [503, 'failure'],
    ])('%i is a %s', async (status, kind) => {
      const { url, policy } = await guarded(({ json }) => json(status, {}));
      expect((await ask(url)).status).toBe(status);
      expect(await outcome(policy)).toBe(kind);
    });

    it('counts a thrown error as a failure', async () => {
      const { url, policy } = await guarded(() => {
        throw new TypeError('Not a good day.');
      });
      expect((await ask(url)).status).toBe(500);
      expect(await outcome(policy)).toBe('failure');
      expect(policy.stats().window.failures).toBe(1);
    });

    it('counts a rejection as a failure', async () => {
      const { url, policy } = await guarded(async () => {
        await Promise.resolve();
        throw new Error('Not a good day.');
      });
      expect((await ask(url)).status).toBe(500);
      expect(await outcome(policy)).toBe('failure');
    });

    it("goes by the status that the application's own error handler gives", async () => {
      const onError = vi.fn(() => 409);
      const error = new Error('Taken.');
      const { url, policy } = await guarded(() => Promise.reject(error), {}, { onError });
      expect(await ask(url)).toMatchObject({ status: 409, body: '{"own":true}' });
      expect(onError.mock.calls).toEqual([[error]]);
      expect(await outcome(policy)).toBe('refused');
    });

    it('asks the policy’s classify first', async () => {
      const classify = vi.fn(() => 'refused' as const);
      const { url, policy } = await guarded(({ json }) => json(501, {}), { classify });
      await ask(url);
      expect(await outcome(policy)).toBe('refused');
      expect(classify).toHaveBeenCalledWith({
        ok: false,
        error: expect.objectContaining({ name: 'ServerAnswerError', statusCode: 501 }),
      });
    });

    it('counts a response that the handler destroys with an error as a failure', async () => {
      const { url, policy } = await guarded(({ response }) => {
        response.writeHead(200);
        response.write('half');
        response.destroy(new Error('The source broke.'));
      });
      await ask(url).catch(() => {});
      expect(await outcome(policy)).toBe('failure');
    });

    it('opens the circuit after failures, and closes it after a good probe', async () => {
      let status = 500;
      const { url, policy } = await guarded(({ json }) => json(status, {}), {
        circuitBreaker: { consecutiveFailures: 2, openMs: 50 },
      });
      await ask(url);
      await ask(url);
      expect(policy.circuit.state).toBe('open');
      expect((await ask(url)).status).toBe(503);
      status = 200;
      await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
      expect((await ask(url)).status).toBe(200);
      expect(policy.circuit.state).toBe('closed');
    });
  });

  describe('a client that goes away', () => {
    it('is ignored, and aborts the signal', async () => {
      const started = deferred<void>();
      const aborted = deferred<unknown>();
      const { url, policy } = await guarded(
        ({ context }) => {
          context?.signal.addEventListener('abort', () => aborted.resolve(context.signal.reason));
          started.resolve();
        },
        { circuitBreaker: { consecutiveFailures: 1 } },
      );
      const { goAway } = askAndWait(url);
      await started.promise;
      goAway();
      expect(await aborted.promise).toMatchObject({ name: 'AbortError' });
      expect(await outcome(policy)).toBe('ignored');
      expect(policy.circuit.state).toBe('closed');
      expect(policy.stats().window.attempts).toBe(0);
    });

    it('is ignored in the middle of a stream, also where a pipeline then fails', async () => {
      const { url, policy } = await guarded(
        async ({ response }) => {
          response.writeHead(200);
          const endless = new Readable({ read: () => {} });
          endless.push('first');
          await pipeline(endless, response).catch(() => {});
        },
        { circuitBreaker: { consecutiveFailures: 1 } },
      );
      const { answered, goAway } = askAndWait(url);
      await answered;
      goAway();
      expect(await outcome(policy)).toBe('ignored');
      expect(policy.circuit.state).toBe('closed');
    });

    it('gives the place of a probe to the next', async () => {
      const started = deferred<void>();
      let hang = true;
      const { url, policy } = await guarded(
        ({ json }) => {
          started.resolve();
          if (!hang) json(200, {});
        },
        { circuitBreaker: { halfOpenMaxMs: 60_000 } },
      );
      policy.circuit.forceOpen('test', 10);
      await vi.waitFor(() => expect(policy.circuit.state).toBe('half-open'));
      const { goAway } = askAndWait(url);
      await started.promise;
      goAway();
      expect(await outcome(policy)).toBe('ignored');
      hang = false;
      expect((await ask(url)).status).toBe(200);
      expect(policy.circuit.state).toBe('closed');
    });
  });
}
