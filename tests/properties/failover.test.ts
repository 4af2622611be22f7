import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Finding, OutlierEjection, type Ticket } from '../../src/strategies/failover/ejection.ts';
import { type EjectionSettings, failoverSchema } from '../../src/strategies/failover/options.ts';
import { fc } from '../fast-check.ts';
import { seeded } from '../seeded.ts';
import { follow, testHub } from '../support.ts';

function settingsOf(endpoints: number, given: object): EjectionSettings {
  const all = Array.from({ length: endpoints }, (_, at) => ({ name: `e${at}`, target: at }));
  const { ejection } = failoverSchema.parse({ endpoints: all, ejection: given });
  if (ejection === false) throw new Error('The ejection is off.');
  return ejection;
}

describe('the ejection of outliers', () => {
  const BASE_MS = 1_000;
  const MAX_MS = 3_500;
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin' as const), at: fc.nat() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        at: fc.nat(),
        finding: fc.constantFrom<Finding>(
          'failure',
          'failure',
          'failure',
          'success',
          'unanswered',
          'nothing',
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 2_000 }) }) },
  );

  /** What is known of an endpoint from the outside: every finding since it last changed, and when that was. */
  interface Known {
    life: number;
    findings: Finding[];
    ejectedAt: number | undefined;
    ejectedForMs: number;
  }

  it('ejects exactly what fails in a row where there is room, in bounds, and loses no endpoint for ever', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 10, 34, 50, 100),
        fc.array(step, { minLength: 20, maxLength: 300 }),
        (endpoints, consecutiveFailures, maxEjectedPercent, steps) => {
          const settings = settingsOf(endpoints, {
            consecutiveFailures,
            maxEjectedPercent,
            baseEjectionMs: BASE_MS,
            maxEjectionMs: MAX_MS,
            successRate: false,
          });
          const most = Math.max(1, Math.floor((endpoints * maxEjectedPercent) / 100));
          const ejection = new OutlierEjection(endpoints);
          const known: Known[] = Array.from({ length: endpoints }, () => ({
            life: 0,
            findings: [],
            ejectedAt: undefined,
            ejectedForMs: 0,
          }));
          const open: { ticket: Ticket; life: number; isTrial: boolean }[] = [];
          let now = 0;
          for (const step of steps) {
            if (step.kind === 'wait') now += step.ms;
            else if (step.kind === 'begin') {
              // Few are asked often, so that they fail in a row.
              const position = step.at % Math.min(endpoints, 5);
              const isTrial = ejection.standing(position, settings, now) === 'on-trial';
              const life = known[position]?.life ?? 0;
              open.push({ ticket: ejection.begin(position, settings, now), life, isTrial });
            } else {
              const [run] = open.length === 0 ? [] : open.splice(step.at % open.length, 1);
              const endpoint = run === undefined ? undefined : known[run.ticket.position];
              if (run === undefined || endpoint === undefined) continue;
              const out = known.filter(({ ejectedAt }) => ejectedAt !== undefined).length;
              const isCurrent = run.life === endpoint.life;
              const tells = step.finding === 'success' || step.finding === 'failure';
              if (isCurrent && tells) endpoint.findings.push(step.finding);
              const last = endpoint.findings.slice(-consecutiveFailures);
              const wasOut = endpoint.ejectedAt !== undefined;
              const isFailing = last.length === consecutiveFailures && !last.includes('success');
              const expected = !isCurrent
                ? undefined
                : wasOut
                  ? {
                      success: 'returned',
                      failure: run.isTrial ? 'ejected' : undefined,
                      unanswered: undefined,
                      nothing: undefined,
                    }[step.finding]
                  : tells && isFailing && out < most
                    ? 'ejected'
                    : undefined;
              const changes = ejection.end(run.ticket, step.finding, settings, now);
              expect(changes.map(({ status }) => status)).toEqual(expected === undefined ? [] : [expected]);
              for (const { status, ejectedForMs = 0 } of changes) {
                endpoint.life += 1;
                endpoint.findings = [];
                endpoint.ejectedAt = status === 'ejected' ? now : undefined;
                endpoint.ejectedForMs = ejectedForMs;
                if (status === 'ejected') {
                  expect(ejectedForMs).toBeGreaterThanOrEqual(BASE_MS);
                  expect(ejectedForMs).toBeLessThanOrEqual(MAX_MS);
                }
              }
            }
            const out = known.filter(({ ejectedAt }) => ejectedAt !== undefined).length;
            expect(ejection.ejected).toBe(out);
            expect(out).toBeLessThanOrEqual(most);
            for (const [position, { ejectedAt, ejectedForMs }] of known.entries()) {
              const standing = ejection.standing(position, settings, now);
              expect(standing === 'in-service').toBe(ejectedAt === undefined);
              if (ejectedAt !== undefined && now < ejectedAt + ejectedForMs) expect(standing).toBe('out');
            }
          }
          // Whatever is under way never ends: a while later each may be tried all the same, and a success returns it.
          now += MAX_MS + BASE_MS;
          for (const [position, { ejectedAt }] of known.entries()) {
            if (ejectedAt === undefined) continue;
            expect(ejection.standing(position, settings, now)).toBe('on-trial');
            ejection.end(ejection.begin(position, settings, now), 'success', settings, now);
            expect(ejection.standing(position, settings, now)).toBe('in-service');
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never ejects more than it may by success rates either', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 30 }),
        fc.constantFrom(10, 20, 50),
        fc.integer({ min: 1, max: 1_000 }),
        (rates, maxEjectedPercent, seed) => {
          const random = seeded(seed);
          const settings = settingsOf(rates.length, {
            consecutiveFailures: 1_000,
            maxEjectedPercent,
            successRate: { minimumRuns: 20, stdevFactor: 1 },
          });
          const ejection = new OutlierEjection(rates.length);
          for (let now = 0; now < 30_000; now += 400) {
            for (const [position, rate] of rates.entries()) {
              const finding = random() < rate ? 'success' : 'failure';
              ejection.end(ejection.begin(position, settings, now), finding, settings, now);
              const most = Math.max(1, Math.floor((rates.length * maxEjectedPercent) / 100));
              expect(ejection.ejected).toBeLessThanOrEqual(most);
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('a call that could be served', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const outage = fc.record({
    site: fc.nat({ max: 2 }),
    fromMs: fc.nat({ max: 4_000 }),
    forMs: fc.nat({ max: 4_000 }),
    how: fc.constantFrom('error' as const, 'hang' as const),
  });
  const call = fc.record({ atMs: fc.nat({ max: 6_000 }), takesMs: fc.nat({ max: 60 }) });

  it('is served: it fails only where every endpoint failed it or has an open circuit, or the budget was spent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(outage, { maxLength: 4 }),
        fc.array(call, { minLength: 1, maxLength: 80 }),
        fc.constantFrom('in-order' as const, 'balanced' as const),
        fc.boolean(),
        fc.boolean(),
        async (outages, calls, balance, hasCircuits, isRich) => {
          const hub = testHub();
          const start = performance.now();
          const endpoints = [0, 1, 2].map((target) => ({
            name: `e${target}`,
            target,
            priority: target === 2 ? 1 : 0,
          }));
          const policy = hub.policy('db', {
            failover: { endpoints, balance, ejection: { baseEjectionMs: 500 } },
            circuitBreaker: hasCircuits ? { consecutiveFailures: 3, openMs: 300 } : false,
            attemptTimeoutMs: 100,
            attemptBudget: isRich ? { ratio: 1, floor: 1_000 } : {},
          });
          const troubleAt = (site: number) => {
            const elapsedMs = performance.now() - start;
            return outages.find(
              (one) => one.site === site && elapsedMs >= one.fromMs && elapsedMs < one.fromMs + one.forMs,
            )?.how;
          };
          const made = calls.map(({ atMs, takesMs }) => {
            const tried: number[] = [];
            const settled = new Promise<ReturnType<typeof follow>>((resolve) => {
              setTimeout(() => {
                const operation = ({ target }: { readonly target: number }) => {
                  tried.push(target);
                  const trouble = troubleAt(target);
                  if (trouble === 'error') throw new Error('down');
                  return new Promise<number>((answer) => {
                    if (trouble === undefined) setTimeout(() => answer(target), takesMs);
                  });
                };
                const followed = follow(policy.execute(operation).catch(failed));
                resolve(followed);
              }, atMs);
            });
            /** Endpoints whose circuits let calls through when it failed. */
            let closed: readonly (string | undefined)[] = [];
            const failed = (error: unknown) => {
              closed = policy.circuits
                .filter(({ state }) => state === 'closed')
                .map(({ endpoint }) => endpoint);
              throw error;
            };
            return {
              tried,
              settled,
              couldTry: (site: number) => !hasCircuits || closed.includes(`e${site}`),
            };
          });
          await vi.advanceTimersByTimeAsync(10_000);
          let unserved = 0;
          for (const { tried, settled, couldTry } of made) {
            const { now, times } = await settled;
            expect(times).toBe(1);
            expect(new Set(tried).size).toBe(tried.length);
            const missed = [0, 1, 2].filter((site) => !tried.includes(site) && couldTry(site));
            if (now.status === 'rejected' && missed.length > 0) unserved += 1;
          }
          const { attempts, rejections, callsInFlight } = policy.stats();
          const extra = Object.values(attempts).reduce((sum, n) => sum + n, 0) - calls.length;
          expect(callsInFlight).toBe(0);
          // A circuit turns calls away from an endpoint that failed a moment ago; else only the budget is in the way.
          expect(unserved).toBeLessThanOrEqual(rejections.budget_spent ?? 0);
          if (isRich) expect(rejections.budget_spent ?? 0).toBe(0);
          if (!isRich) expect(extra).toBeLessThanOrEqual(0.2 * calls.length + 10);
          hub.policies.map(({ name }) => hub.remove(name));
        },
      ),
      { numRuns: 40 },
    );
  });
});
