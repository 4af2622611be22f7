import { expectTypeOf, test } from 'vitest';
import type { Policy, PolicyChanges } from '../../src/index.ts';
import { testHub } from '../support.ts';

test('update takes parts of the options of layers, and gives what ends an override', () => {
  const hub = testHub();
  const policy: Policy = hub.policy('typed', { retry: {}, fallback: () => 1 });
  expectTypeOf(hub.get('typed')).toEqualTypeOf(policy);
  expectTypeOf(policy.update({ retry: { maxRetries: 1 } }, { forMs: 5 })).toEqualTypeOf<() => void>();
  expectTypeOf(policy.update({ attemptTimeoutMs: 5 })).toEqualTypeOf<(() => void) | undefined>();
  expectTypeOf<{ fallback: { timeoutMs: number } }>().toExtend<PolicyChanges>();
  expectTypeOf<{ fallback: () => number }>().toExtend<PolicyChanges>();
  // @ts-expect-error: a layer cannot be taken out
  const out = () => policy.update({ retry: false });
  // @ts-expect-error: a number
  const wrong = () => policy.update({ retry: { maxRetries: '1' } });
  // @ts-expect-error: no layer
  const none = () => policy.update({ criticality: 'low' });
  expectTypeOf([out, wrong, none]).toBeArray();
});
