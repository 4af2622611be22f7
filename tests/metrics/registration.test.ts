import { type OpenMetricsContentType, Registry, register } from 'prom-client';
import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { parseOptions } from '../../src/core/options.ts';
import type { MetricsRegistry } from '../../src/metrics/prom-metrics.ts';
import { metricsRegistry } from '../../src/metrics/registration.ts';

function parse(value: unknown): MetricsRegistry {
  return parseOptions(metricsRegistry, value, '', 'Registry');
}

test('a registry of either content type is taken as it is', () => {
  const plain = new Registry();
  const openMetrics = new Registry<OpenMetricsContentType>();
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const registry of [plain, openMetrics, register]) expect(parse(registry)).toBe(registry);
});

test.each([[null], [{}], ['registry'], [Registry], [{ metrics: () => '' }], [[]]])(
  '%j is refused',
  (value) => {
    expect(() => parse(value)).toThrow(InvalidOptionsError);
  },
);
