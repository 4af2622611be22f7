import type { PostmortemLanguage } from '../language.ts';

/** What lint says. */
export interface LintMessages {
  readonly blank: (name: string) => string;
  readonly markerLeft: (name: string) => string;
  readonly missingSection: (title: string) => string;
  readonly noAction: string;
  readonly noOwner: string;
  readonly noDate: string;
  readonly badDate: (date: string) => string;
  readonly relies: (phrase: string) => string;
  readonly blames: (phrase: string) => string;
  readonly hindsight: (phrase: string) => string;
  readonly acceptedWithoutReason: string;
}

/** What lint says, by language. */
export const lintMessages: Readonly<Record<PostmortemLanguage, LintMessages>> = {
  en: {
    blank: (name) => `'${name}' is not written yet`,
    markerLeft: (name) => `the marker of the blank '${name}' is still there: remove it once the text is done`,
    missingSection: (title) =>
      `the section "${title}" is missing: write it, or say under its heading why it is empty`,
    noAction: `there is no action: add one with owner and date, or write "We accept that it may happen again, because ..."`,
    noOwner: 'the action has no owner: what everybody should do nobody does; name one person or team',
    noDate: 'the action has no date: give the day by which it is done, as in 2026-03-01',
    badDate: (date) => `'${date}' is no day of the calendar: write it as in 2026-03-01`,
    relies: (phrase) =>
      `'${phrase}' relies on people trying harder, and the next one, as able and as tired, will slip too; ` +
      'name what stops or shows it without them: a guard that refuses, a check by machine, a limit, a test, an alert',
    blames: (phrase) =>
      `'${phrase}' makes a person the cause, which ends the search too early; ` +
      'ask what made it possible and sensible to do, and change that: a guard, a check by machine, a limit, a test',
    hindsight: (phrase) =>
      `'${phrase}' judges by what is known now; say what was known then and why it made sense, ` +
      'and what would have shown it: an alert, a check by machine, a test',
    acceptedWithoutReason:
      'that it may happen again is accepted without a reason: say why, as in "We accept that it may happen again, because ..."',
  },
  ja: {
    blank: (name) => `「${name}」が未記入です`,
    markerLeft: (name) => `未記入の印「${name}」が残っています。記入が済んだら印を削除してください`,
    missingSection: (title) =>
      `「${title}」の節がありません。記入するか、見出しの下に空である理由を書いてください`,
    noAction:
      'アクションがありません。担当と期限のあるアクションを追加するか、「再発を許容する。理由: …」と書いてください',
    noOwner:
      'アクションに担当がありません。全員の仕事は誰の仕事にもなりません。人またはチームを1つ書いてください',
    noDate: 'アクションに期限がありません。期日を 2026-03-01 のように書いてください',
    badDate: (date) => `「${date}」は暦にない日付です。2026-03-01 のように書いてください`,
    relies: (phrase) =>
      `「${phrase}」は人の注意や努力に頼っており、次の人も同じ状況では同じように見落とすため、再発防止になりません。` +
      '人に頼らず防ぐ・気づける仕組み（実行を拒否するガード、機械によるチェック、上限、テスト、アラート）を書いてください',
    blames: (phrase) =>
      `「${phrase}」は人を原因としており、そこで調査が止まってしまいます。` +
      'なぜそれが可能で、その時は妥当に見えたのかを問い、仕組み（ガード、機械によるチェック、上限、テスト）を変えてください',
    hindsight: (phrase) =>
      `「${phrase}」は後知恵による評価です。その時点で何が分かっていたか、なぜ妥当に見えたか、` +
      '何があれば気づけたか（アラート、機械によるチェック、テスト）を書いてください',
    acceptedWithoutReason:
      '再発を許容する理由がありません。「再発を許容する。理由: …」のように理由を書いてください',
  },
};
