import type { HypothesisJson } from '../../incident/document.ts';
import { blocks, list, table } from '../markdown.ts';
import type { Page, SectionWriter } from '../page.ts';

/** Whys that are asked for, whether or not they have an answer. */
const WHYS = 5;

/** A confirmed hypothesis and what was held against it, or the blank and what was thought of. Never a guess. */
export const rootCause: SectionWriter = (page) => {
  const { cause, ask } = page.words;
  const { hypotheses } = page.incident;
  const confirmed = hypotheses.filter(({ status }) => status === 'confirmed');
  const written = page.lessons('root-cause');
  return blocks(
    confirmed.length === 0 ? [page.blank('root-cause', ask['root-cause'])] : [],
    ...confirmed.map((hypothesis) => confirmedCause(page, hypothesis)),
    reproductions(page),
    written.length === 0 ? [] : [cause.people],
    list(written),
    considered(page, 'open', cause.open),
    considered(page, 'ruled-out', cause.ruledOut),
  );
};

function confirmedCause(page: Page, hypothesis: HypothesisJson): string[] {
  const { cause, join } = page.words;
  const { id, text, reasoning, reason, evidence, explains, doesNotExplain } = hypothesis;
  const texts = (supports: boolean): string[] =>
    evidence
      .filter((item) => item.supports === supports)
      .map((item) => page.signed(page.text(item.text), item));
  const [supporting, opposing] = [texts(true), texts(false)];
  const explained = observed(page, explains);
  const unexplained = observed(page, doesNotExplain);
  const line = (name: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`${name}: ${join(items)}`];
  return blocks(
    [page.signed(cause.confirmed(page.text(id), page.text(text)), hypothesis)],
    list([
      ...(reasoning === null ? [] : [`${cause.reasoning}: ${page.text(reasoning)}`]),
      ...(reason === null ? [] : [`${cause.judged}: ${page.text(reason)}`]),
      `${cause.supports}: ${supporting.length === 0 ? '-' : join(supporting)}`,
      ...line(cause.against, opposing),
      ...line(cause.explains, explained),
      ...line(cause.doesNotExplain, unexplained),
      ...(explained.length + unexplained.length === 0 ? [cause.explainsNothing] : []),
    ]),
  );
}

/** Observations by their ids; an id that no observation has stays an id. */
function observed(page: Page, ids: readonly string[]): string[] {
  const { observations } = page.incident;
  return ids.map((id) => page.text(observations.find((seen) => seen.id === id)?.text ?? id));
}

function reproductions(page: Page): string[] {
  const { cause } = page.words;
  return list(
    page.incident.reproductions.map((tried) => {
      const words = tried.reproduced ? cause.reproduced : cause.notReproduced;
      return page.signed(words(page.text(tried.version), page.text(tried.how)), tried);
    }),
  );
}

function considered(page: Page, status: HypothesisJson['status'], name: string): string[] {
  const found = page.incident.hypotheses.filter((hypothesis) => hypothesis.status === status);
  if (found.length === 0) return [];
  return blocks(
    [`${name}:`],
    list(
      found.map(({ id, text, reason }) => {
        const said = `${page.text(id)}: ${page.text(text)}`;
        return reason === null ? said : said + page.words.parenthesis(page.text(reason));
      }),
    ),
  );
}

/** Why, and why that: what people said, with the evidence beside each, and room for the rest. */
export const whys: SectionWriter = (page) => {
  const { words } = page;
  const given = page.incident.learned.filter(({ topic }) => topic === 'why');
  const rows = Array.from({ length: Math.max(WHYS, given.length) }, (_, index) => {
    const number = String(index + 1);
    const said = given[index];
    const evidence = page.blank(`why-${number}-evidence`, words.ask.evidence);
    if (said === undefined) return [number, page.blank(`why-${number}`, words.ask.why(index + 1)), evidence];
    const text = page.signed(page.text(said.text), said);
    return [number, text, said.evidence === null ? evidence : page.text(said.evidence)];
  });
  return table(words.whys.head, rows);
};
