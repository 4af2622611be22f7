import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { remainingDeadlineMs, runWithDeadline, runWithoutDeadline } from '../../src/index.ts';
import { deadline } from '../../src/integrations/express/index.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function exchange(timeout: string): [IncomingMessage, ServerResponse] {
  const request = new IncomingMessage(new Socket());
  request.headers['x-request-timeout-ms'] = timeout;
  return [request, new ServerResponse(request)];
}

describe('deadline() that a request passes again', () => {
  it.each<[string, number, (again: () => void) => void]>([
    ['in the same context', 1_000, (again) => again()],
    ['where the context is lost', 1_000, (again) => runWithoutDeadline(again)],
    ['within a shorter one', 50, (again) => runWithDeadline(50, again)],
    ['within a longer one', 1_000, (again) => runWithDeadline(5_000, again)],
    [
      'within a shorter one that was set where the context was lost',
      50,
      (again) => runWithoutDeadline(() => runWithDeadline(50, again)),
    ],
  ])('%s leaves it %i ms', (_where, leftMs, pass) => {
    const use = deadline({ trust: true });
    const [request, response] = exchange('1000');
    const seen: number[] = [];
    use(request, response, () => pass(() => use(request, response, () => seen.push(remainingDeadlineMs()))));
    expect(seen).toEqual([leftMs]);
  });

  it("goes on with its own where it finds itself in another request's context", () => {
    const use = deadline({ trust: true });
    const [request, response] = exchange('1000');
    const [other, otherResponse] = exchange('10');
    const seen: number[] = [];
    const again = (): void => use(request, response, () => seen.push(remainingDeadlineMs()));
    use(request, response, () => {
      runWithoutDeadline(() => use(other, otherResponse, () => runWithDeadline(5, again)));
    });
    expect(seen).toEqual([1_000]);
  });
});
