import { expect, it } from 'vitest';
import { controlSchema } from '../../../src/incidents/control/options.ts';

const problem = (socket: unknown): string | undefined =>
  controlSchema.safeParse({ socket }).error?.issues[0]?.message;

it('takes a path that fits', () => {
  expect(problem('/run/app/breakwater.sock')).toBeUndefined();
  expect(problem(`/${'a'.repeat(80)}/breakwater.sock`)).toBeUndefined();
});

it('says what is wrong with a path', () => {
  expect(problem('app.sock')).toMatch(/absolute path/);
  expect(problem(7)).toMatch(/absolute path/);
  expect(problem(`/${'a'.repeat(107)}`)).toMatch(/too long.*107|too long.*103/);
  // Counted in bytes, and with room for where it is made.
  expect(problem(`/${'é'.repeat(54)}`)).toMatch(/too long/);
  expect(problem(`/${'a'.repeat(104)}/s`)).toMatch(/too long/);
  expect(problem('/run/a\0b')).toMatch(/NUL/);
});
