import type { CallFactsJson, ImpactJson } from '../../incident/document-facts.ts';
import { countText, latencyText, percentText } from '../clock.ts';
import { blocks, list, table } from '../markdown.ts';
import type { Page, SectionWriter } from '../page.ts';

const figures = [
  'calls',
  'failed',
  'timedOut',
  'rejected',
  'retried',
  'servedStale',
  'servedFallback',
] as const satisfies readonly (keyof CallFactsJson)[];

/** Who was hurt, and how much: calls, latency, budgets, errors, dependants, users. */
export const impact: SectionWriter = (page) => {
  const { impact: measured, affected, heldDependants } = page.incident;
  const { impact: names, ask } = page.words;
  return blocks(
    calls(page, measured.during),
    latency(page, measured.latency),
    budget(page, measured.budget),
    errors(page, measured),
    list([
      `${names.users}: ${affected.users === null ? page.blank('users', ask.users) : page.text(affected.users)}`,
      ...(affected.scope === null ? [] : [`${names.scope}: ${page.text(affected.scope)}`]),
      `${names.dependants}: ${page.texts(measured.dependants)}`,
      `${names.usedBy}: ${page.texts(measured.usedBy)}`,
      ...(heldDependants.length === 0
        ? []
        : [`${names.heldDependants}: ${page.texts(heldDependants.map(heldText))}`]),
    ]),
  );
};

function heldText({ policy, incident }: { readonly policy: string; readonly incident: string }): string {
  return `${policy} (${incident})`;
}

function calls({ words }: Page, during: CallFactsJson | null): string[] {
  const { impact: names } = words;
  if (during === null) return [names.notMeasured];
  return table(
    names.head,
    figures.map((figure) => [
      names[figure],
      countText(during[figure]),
      // Retries are no calls, so that they have no share of them.
      figure === 'calls' || figure === 'retried' || during.calls === 0
        ? '-'
        : percentText(during[figure] / during.calls),
    ]),
  );
}

function latency({ words }: Page, measured: ImpactJson['latency']): string[] {
  return table(words.impact.latencyHead, [
    ['p50', latencyText(measured.p50BeforeMs), latencyText(measured.p50DuringMs)],
    ['p99', latencyText(measured.p99BeforeMs), latencyText(measured.p99DuringMs)],
  ]);
}

function budget(page: Page, measured: ImpactJson['budget']): string[] {
  if (measured.length === 0) return [];
  const { budgetHead, sli: names } = page.words.impact;
  const share = (value: number | null): string => (value === null ? '-' : percentText(value));
  return table(
    budgetHead,
    measured.map(({ sli, objective, remainingBefore, remainingAfter, spent }) => [
      Object.hasOwn(names, sli) ? (names[sli] ?? page.text(sli)) : page.text(sli),
      // An objective of many nines is shown as it was written.
      `${Number((objective * 100).toPrecision(12))} %`,
      share(remainingBefore),
      share(remainingAfter),
      share(spent),
    ]),
  );
}

function errors(page: Page, { errors: kinds, otherErrors }: ImpactJson): string[] {
  const { errorHead, otherErrors: others } = page.words.impact;
  return blocks(
    kinds.length === 0
      ? []
      : table(
          errorHead,
          kinds.map(({ kind, count, sample, traceId }) => [
            page.text(kind),
            countText(count),
            page.own(sample),
            page.text(traceId),
          ]),
        ),
    otherErrors === 0 ? [] : [others(countText(otherErrors))],
  );
}
