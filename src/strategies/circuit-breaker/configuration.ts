import type { CircuitBreakerSettings } from './options.ts';

/** Options with their defaults as plain data: of functions it says only that they are there. */
export function configurationOf(given: CircuitBreakerSettings): Readonly<Record<string, unknown>> {
  const { restore: _, perKey, maxKeys, probe, ...settings } = given;
  const { check: __, ...probing } = probe ?? {};
  const all = {
    ...settings,
    ...(perKey === undefined ? {} : { perKey: true, maxKeys }),
    ...(probe === undefined ? {} : { probe: probing }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== Number.POSITIVE_INFINITY));
}
