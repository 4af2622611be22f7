import { describe, expect, it } from 'vitest';
import {
  breakwaterRouter,
  breakwaterErrorHandler as expressErrors,
  guard,
  metricsHandler,
  readinessHandler,
} from '../../../src/integrations/express/index.ts';
import { breakwaterErrorHandler as fastifyErrors } from '../../../src/integrations/fastify/index.ts';
import { testHub } from '../../support.ts';

function problemsOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    if (error instanceof Error && 'problems' in error) return error.problems;
    throw error;
  }
  return undefined;
}

describe('arguments that are wrong', () => {
  it.each([undefined, null, 'database', {}, 7])('guard(%s)', (given) => {
    expect(problemsOf(() => Reflect.apply(guard, undefined, [given]))).toEqual([
      { path: 'policy', message: expect.stringContaining('must be a policy') },
    ]);
  });

  it.each([undefined, null, {}, 'hub'])('metricsHandler(%s) and the others', (given) => {
    for (const make of [metricsHandler, readinessHandler, breakwaterRouter]) {
      expect(problemsOf(() => Reflect.apply(make, undefined, [given]))).toEqual([
        { path: 'breakwater', message: expect.stringContaining('must be a hub') },
      ]);
    }
  });

  it.each(['metricsHandler()', 'readinessHandler()', 'breakwaterRouter()'])('%s names itself', (name) => {
    const make = { metricsHandler, readinessHandler, breakwaterRouter }[name.slice(0, -2)];
    expect(() => Reflect.apply(make ?? guard, undefined, [])).toThrow(
      `The argument of ${name} cannot be used:\n  breakwater: must be a hub`,
    );
  });

  it.each([expressErrors, fastifyErrors])('breakwaterErrorHandler(...) takes nothing', (make) => {
    expect(() => Reflect.apply(make, undefined, [{ foo: 1 }])).toThrow(
      'The argument of breakwaterErrorHandler() cannot be used:\n  must be left out, not an object',
    );
    expect(make()).toBeTypeOf('function');
  });

  it('breakwaterRouter() names every wrong option at once', () => {
    const wrong = { metricsPath: 'metrics', healthPath: 7, readynessPath: '/ready' };
    expect(problemsOf(() => Reflect.apply(breakwaterRouter, undefined, [testHub(), wrong]))).toEqual([
      { path: 'metricsPath', message: "must be a path such as '/metrics', or false, not 'metrics'" },
      { path: 'healthPath', message: "must be a path such as '/metrics', or false, not 7" },
      { path: 'readynessPath', message: "is not an option; did you mean 'readinessPath'?" },
    ]);
  });

  it('breakwaterRouter() refuses two endpoints at one path', () => {
    expect(problemsOf(() => breakwaterRouter(testHub(), { healthPath: '/metrics' }))).toEqual([
      { path: 'healthPath', message: 'is the path of metricsPath too' },
    ]);
    expect(problemsOf(() => breakwaterRouter(testHub(), { healthPath: false, metricsPath: false }))).toBe(
      undefined,
    );
  });
});
