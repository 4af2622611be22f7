import { describe, expectTypeOf, test } from 'vitest';
import {
  type DetailedResult,
  failover,
  type OperationContext,
  type Policy,
  type PolicyOptions,
} from '../../src/index.ts';
import { testHub } from '../support.ts';

const policy = testHub().policy('typed', { cacheFallback: {} });

interface User {
  readonly id: number;
  readonly name: string;
}

async function findUser(id: number, options?: { readonly withName: boolean }): Promise<User> {
  return { id, name: String(options?.withName) };
}

describe('wrap', () => {
  test('keeps parameters, optional ones too, and the result', () => {
    expectTypeOf(policy.wrap(findUser)).toEqualTypeOf<typeof findUser>();
    expectTypeOf(policy.wrap(findUser)).parameters.toEqualTypeOf<
      Parameters<(id: number, options?: { readonly withName: boolean }) => void>
    >();
    const wrapped = policy.wrap(findUser);
    // @ts-expect-error: an id is a number
    const wrong = () => wrapped('7');
    expectTypeOf(wrong).toBeFunction();
  });

  test('keeps generics', async () => {
    const first = policy.wrap(async <T>(items: readonly T[]): Promise<T | undefined> => items[0]);
    expectTypeOf(await first(['a'])).toEqualTypeOf<string | undefined>();
    expectTypeOf(await first([1])).toEqualTypeOf<number | undefined>();
  });

  test('keeps overloads', async () => {
    function load(id: number): Promise<User>;
    function load(name: string): Promise<readonly User[]>;
    async function load(key: number | string): Promise<User | readonly User[]> {
      return typeof key === 'number' ? findUser(key) : [];
    }
    const wrapped = policy.wrap(load);
    expectTypeOf(await wrapped(7)).toEqualTypeOf<User>();
    expectTypeOf(await wrapped('name')).toEqualTypeOf<readonly User[]>();
  });

  test('makes a synchronous function return a promise', () => {
    const length = policy.wrap((text: string) => text.length);
    expectTypeOf(length).toEqualTypeOf<(text: string) => Promise<number>>();
  });

  test('types check, discard and cacheKey by the function', () => {
    policy.wrap(findUser, {
      check: (user) => {
        expectTypeOf(user).toEqualTypeOf<User>();
        return user.id > 0;
      },
      discard: (user) => expectTypeOf(user).toEqualTypeOf<User>(),
      cacheKey: (id, options) => {
        expectTypeOf(id).toEqualTypeOf<number>();
        expectTypeOf(options).toEqualTypeOf<{ readonly withName: boolean } | undefined>();
        return String(id);
      },
    });
    // @ts-expect-error: a key is a string
    const numbered = () => policy.wrap(findUser, { cacheKey: (id) => id });
    // @ts-expect-error: there is no such option
    const unknown = () => policy.wrap(findUser, { nothing: 1 });
    expectTypeOf([numbered, unknown]).toBeArray();
  });
});

test('wrapWithContext drops the context and keeps the rest', () => {
  const get = policy.wrapWithContext(async (context, url: string, retries?: number) => {
    expectTypeOf(context).toEqualTypeOf<OperationContext<undefined>>();
    return { url, retries, signal: context.signal.aborted };
  });
  expectTypeOf(get).parameters.toEqualTypeOf<Parameters<(url: string, retries?: number) => void>>();
  expectTypeOf(get).returns.resolves.toEqualTypeOf<{
    url: string;
    retries: number | undefined;
    signal: boolean;
  }>();
  // @ts-expect-error: a url is a string
  const wrong = () => get(7);
  expectTypeOf(wrong).toBeFunction();
});

test('execute and executeDetailed give what the operation gives', () => {
  expectTypeOf(policy.execute(() => 7)).resolves.toEqualTypeOf<number>();
  expectTypeOf(policy.execute(() => findUser(7))).resolves.toEqualTypeOf<User>();
  expectTypeOf(
    policy.execute(({ signal, attempt, remainingMs }) => [signal.aborted, attempt, remainingMs()] as const),
  ).resolves.toEqualTypeOf<readonly [boolean, number, number]>();
  expectTypeOf(policy.executeDetailed(() => findUser(7))).resolves.toEqualTypeOf<DetailedResult<User>>();
  expectTypeOf<DetailedResult<User>['source']>().toEqualTypeOf<'live' | 'cache' | 'stale' | 'fallback'>();
  policy.execute(() => findUser(7), {
    check: (user) => {
      expectTypeOf(user).toEqualTypeOf<User>();
      return true;
    },
  });
});

test('options are checked', () => {
  const hub = testHub();
  // @ts-expect-error: a number, or false
  const refused = () => hub.policy('a', { totalTimeoutMs: '5s' });
  // @ts-expect-error: not a listed word
  const alsoRefused = () => hub.policy('b', { criticality: 'urgent' });
  // @ts-expect-error: there is no such event
  const neither = () => hub.on('calls', () => {});
  expectTypeOf([refused, alsoRefused, neither]).toBeArray();
});

describe('the target of an operation', () => {
  class Pool {
    query(text: string): Promise<number> {
      return Promise.resolve(text.length);
    }
  }
  const endpoints = [{ name: 'primary', target: new Pool() }];

  test('is what the endpoints have, without a cast', async () => {
    const redundant = testHub().policy('a', {
      failover: {
        endpoints: [
          { name: 'primary', target: new Pool() },
          { name: 'standby', target: new Pool() },
        ],
      },
    });
    expectTypeOf(redundant).toEqualTypeOf<Policy<Pool>>();
    expectTypeOf(
      redundant.execute(({ target }) => target.query('select 1')),
    ).resolves.toEqualTypeOf<number>();
    const find = redundant.wrapWithContext(({ target }, id: number) => target.query(`select ${id}`));
    expectTypeOf(find).toEqualTypeOf<(id: number) => Promise<number>>();
    // @ts-expect-error: a pool has no such method
    const wrong = () => redundant.execute(({ target }) => target.nothing());
    expectTypeOf(wrong).toBeFunction();
  });

  test('is text where it is text, and undefined without failover', () => {
    const fetching = testHub().policy('b', { failover: { endpoints: [{ name: 'a', target: 'http://a' }] } });
    expectTypeOf(fetching).toEqualTypeOf<Policy<string>>();
    expectTypeOf(policy).toEqualTypeOf<Policy<undefined>>();
    expectTypeOf(testHub().policy('c')).toEqualTypeOf<Policy<undefined>>();
    expectTypeOf(testHub().policy('d', { failover: false })).toEqualTypeOf<Policy<undefined>>();
  });

  test("is unknown in the user's own order, unless said", () => {
    expectTypeOf(testHub().policy('e', { strategies: [failover({ endpoints })] })).toEqualTypeOf<Policy>();
    const said = testHub().policy<Pool>('f', { strategies: [failover({ endpoints })] });
    expectTypeOf(said.execute(({ target }) => target.query('select 1'))).resolves.toEqualTypeOf<number>();
  });

  test('does not keep a policy from where any will do', () => {
    expectTypeOf<Policy<Pool>>().toExtend<Policy>();
    expectTypeOf<Policy<undefined>>().toExtend<Policy>();
    const options: PolicyOptions = {};
    expectTypeOf(testHub().policy('g', options)).toEqualTypeOf<Policy>();
  });
});
