import { en } from '../en.ts';
import { ja } from '../ja.ts';
import { FIELD_SEPARATOR } from '../sections/work.ts';
import { sectionNames } from '../words.ts';
import type { LintFinding } from './finding.ts';
import type { LintMessages } from './messages.ts';
import { passages, placeOf } from './prose.ts';
import type { Source, SourceLine } from './source.ts';

const MARK = /<!--\s*blank:\s*([^\s>]*)\s*-->/g;
/** What stands where people must write, in each language. */
const PLACEHOLDER = /_(?:to be written|要記入):\s*([^_]*)_/g;
/** A value that another field follows, as people write them. */
const LISTED = /^[^<]*[,、(（].*[:：]/;
const BOX = /^\s*(?:[-*+]|\d{1,9}[.)])\s+\[([ xX])\]\s/;
const NOBODY =
  /^(?:-|–|—|\?+|tbd|tba|todo|n\/?a|none|nobody|unassigned|unknown|未定|なし|未割り?当て|検討中|調整中)?$/i;
/** What everybody should do nobody does. */
const EVERYBODY =
  /^(?:every ?(?:one|body)|any(?:one|body)|some(?:one|body)|all(?: of (?:us|them|you)| (?:teams|engineers|developers))?|we|us|people|(?:チーム)?全員|全チーム|全社|みんな|みな|皆(?:さん)?|各自|各員|各担当者?|各チーム|関係者(?:全員)?|誰か)$/i;
const owners = fieldPattern([en.action.owner, ja.action.owner, '担当者', 'オーナー', 'assignee']);
const dates = fieldPattern([en.action.due, ja.action.due, '期日', 'due date', 'deadline', '締切']);

function fieldPattern(names: readonly string[]): RegExp {
  return new RegExp(`^[\\s(（*_]*(?:${names.join('|')})[\\s*_]*[:：][\\s*_]*(.*)$`, 'i');
}

/** Where nothing was written yet. One finding for each blank. */
export function blankFindings({ lines }: Source, messages: LintMessages): LintFinding[] {
  return lines.flatMap(({ number, text }) => {
    const findings: LintFinding[] = [];
    const shown = [...text.matchAll(PLACEHOLDER)];
    for (const mark of text.matchAll(MARK)) {
      const name = mark[1] ?? '';
      const before = shown.findLastIndex(({ index }) => index < mark.index);
      const [placeholder] = before < 0 ? [] : shown.splice(before, 1);
      findings.push({
        line: number,
        column: (placeholder?.index ?? mark.index) + 1,
        rule: 'blank',
        message: placeholder === undefined ? messages.markerLeft(name) : messages.blank(name),
      });
    }
    for (const { 1: asked = '', index } of shown) {
      findings.push({
        line: number,
        column: index + 1,
        rule: 'blank',
        message: messages.blank(asked.trim()),
      });
    }
    return findings;
  });
}

/** Sections that are not there. Said at the first line. */
export function sectionFindings({ sections, language }: Source, messages: LintMessages): LintFinding[] {
  const { headings } = language === 'ja' ? ja : en;
  return sectionNames
    .filter((name) => !sections.has(name))
    .map((name) => ({
      line: 1,
      column: 1,
      rule: 'missing-section',
      message: messages.missingSection(headings[name]),
    }));
}

/** Actions that nobody does or that have no day; and no action at all. */
export function actionFindings({ lines, sections }: Source, messages: LintMessages): LintFinding[] {
  const start = sections.get('actions');
  if (start === undefined) return [];
  const own = lines.filter(({ section }) => section === 'actions');
  const boxes = own.filter(({ text }) => BOX.test(text));
  const blank = own.some(({ text }) => hasBlank(text));
  if (boxes.length === 0 && !blank && acceptances(own).length === 0) {
    return [{ line: start, column: 1, rule: 'no-action', message: messages.noAction }];
  }
  return boxes.flatMap((line) => boxFindings(line, messages));
}

function boxFindings({ number, text }: SourceLine, messages: LintMessages): LintFinding[] {
  const place = { line: number, column: text.search(/\S/) + 1 };
  const findings: LintFinding[] = [];
  const owner = fieldOf(text, owners);
  if (owner === undefined || ((NOBODY.test(owner) || EVERYBODY.test(owner)) && !hasBlank(owner))) {
    findings.push({ ...place, rule: 'action-without-owner', message: messages.noOwner });
  }
  const date = fieldOf(text, dates);
  if (date === undefined || (NOBODY.test(date) && !hasBlank(date))) {
    findings.push({ ...place, rule: 'action-without-date', message: messages.noDate });
  } else if (!hasBlank(date) && !isDay(date)) {
    findings.push({
      line: number,
      column: text.lastIndexOf(date) + 1,
      rule: 'action-without-date',
      message: messages.badDate(date.slice(0, 40)),
    });
  }
  return findings;
}

/**
 * The value of an action's field, the last of that name: what the action says comes before its fields. Fields stand
 * between the separators that are generated, or as people write them, between commas or in parentheses.
 */
function fieldOf(text: string, pattern: RegExp): string | undefined {
  const said = text.replace(/<!--(?!\s*blank:).*?-->/g, '');
  for (const separator of [FIELD_SEPARATOR, /[|,、(（]|\s[·–—]\s/]) {
    const value = said
      .split(separator)
      .map((part) => pattern.exec(part)?.[1]?.trim())
      .findLast((found) => found !== undefined);
    if (value === undefined || (separator === FIELD_SEPARATOR && LISTED.test(value) && !hasBlank(value)))
      continue;
    return value.replace(/[)）.。;；]+$/, '');
  }
  return undefined;
}

function hasBlank(text: string): boolean {
  return /<!--\s*blank:/.test(text) || /_(?:to be written|要記入):/.test(text);
}

/** Whether it is a day that the calendar has: `2026-02-30` is none. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const ACCEPTS =
  /(?<!(?:\bnot|n['’]t|\bnever|\bcannot|\bnobody|\bno one)(?: \w+)? )\baccept(?:s|ed)?\b[^.!?\n]{0,120}\b(?:happen|occur|recur|fail|break)s? again|(?<!(?:\bnot|n['’]t|\bnever|\bcannot|\bnobody|\bno one)(?: \w+)? )\baccept(?:s|ed)? (?:that|the|this) (?:risk|recurrence)|\brisk (?:is|was|has been) accepted|再発(?:を|は|の可能性を)(?:許容|受け入れ|受容|容認)(?!し?な[いく]|しません|でき[なま]|られ[なま]|せず)|リスク(?:を|は)(?:許容|受容|受け入れ)(?!し?な[いく]|しません|でき[なま]|られ[なま]|せず)/gi;
/** Characters from a decision within which its reason stands. */
const REASON_REACH = 400;
/** A reason, and at least some words of it. */
const REASON =
  /(?:\b(?:because|since|as the|as it|due to|reason:?|for)\b|理由[は:：]|(?:ため|ので|から)[。、)）\s]*)/i;

/** Decisions that it may happen again. */
function acceptances(
  lines: readonly SourceLine[],
): readonly (LintFinding & { readonly reasoned: boolean })[] {
  return passages(lines).flatMap((passage) =>
    [...passage.text.matchAll(ACCEPTS)].map(({ 0: said, index }) => ({
      ...placeOf(passage, index),
      rule: 'accepted-without-reason',
      message: said,
      reasoned: hasReason(passage.text, index + said.length),
    })),
  );
}

/** Whether words of a reason stand after `end`; in Japanese, also before it. */
function hasReason(text: string, end: number): boolean {
  const after = text.slice(end, end + REASON_REACH);
  const reason = REASON.exec(after);
  if (reason !== null && enough(after.slice(reason.index + reason[0].length), 4)) return true;
  // 〜ため、再発を許容する。
  const japanese = /^(.*?)(?:ため|ので|から)[、,]/s.exec(text.slice(Math.max(0, end - REASON_REACH), end));
  if (japanese !== null && enough(japanese[1] ?? '', 4)) return true;
  const lead = /(?:ため|から)[。\s]*$/.exec(after.trimEnd());
  return lead !== null && enough(after.slice(0, lead.index), 4);
}

function enough(text: string, letters: number): boolean {
  return (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= letters;
}

/** Where a risk is accepted and nobody says why. */
export function acceptanceFindings({ lines }: Source, messages: LintMessages): LintFinding[] {
  const judged = lines.filter(({ text, section }) => section !== 'timeline' && !hasBlank(text));
  return acceptances(judged)
    .filter(({ reasoned }) => !reasoned)
    .map(({ line, column, rule }) => ({ line, column, rule, message: messages.acceptedWithoutReason }));
}
