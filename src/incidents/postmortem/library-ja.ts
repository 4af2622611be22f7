/** A sentence of the library: how it is worded in English, and its parts in Japanese. */
type Known = readonly [
  english: RegExp,
  japanese: (...parts: readonly (string | undefined)[]) => string | undefined,
];

const units: Readonly<Record<string, string>> = {
  d: '日',
  h: '時間',
  min: '分',
  s: '秒',
  ms: 'ミリ秒',
};

const DURATION = '\\d+ (?:d|h|min|s|ms)(?: \\d+ (?:h|min|s))?';

function duration(text = ''): string {
  return text.replace(
    /(\d+) (d|h|min|s|ms)\b ?/g,
    (_, amount: string, unit: string) => amount + (units[unit] ?? unit),
  );
}

/** Why a circuit moved. */
const reasons: readonly Known[] = [
  [/^(\d+) attempts in a row failed$/, (count) => `試行が${count}回連続で失敗`],
  [/^(\d+) of (\d+) attempts failed$/, (failed, all) => `試行${all}回中${failed}回が失敗`],
  [
    /^(\d+) of (\d+) attempts took longer than ([\d.]+) ms$/,
    (slow, all, ms) => `試行${all}回中${slow}回が${ms}ミリ秒を超過`,
  ],
  [/^(\d+) of (\d+) probes failed$/, (failed, all) => `プローブ${all}回中${failed}回が失敗`],
  [/^(\d+) of (\d+) probes were slow$/, (slow, all) => `プローブ${all}回中${slow}回が低速`],
  [/^its open time is up$/, () => 'オープンの時間が経過'],
  [/^the time it was forced open for is up$/, () => '強制オープンの期限が経過'],
  [/^the time it was disabled for is up$/, () => '無効の期限が経過'],
  [/^its probes succeeded$/, () => 'プローブが成功'],
  [/^its health check succeeded$/, () => 'ヘルスチェックが成功'],
  [/^its health check failed(?: \(.*\))?$/s, () => 'ヘルスチェックが失敗'],
  [/^its health check took longer than ([\d.]+) ms$/, (ms) => `ヘルスチェックが${ms}ミリ秒を超過`],
  [/^(\d+) health checks in a row failed; .*$/s, (times) => `ヘルスチェックが${times}回連続で失敗`],
];

/** Why an endpoint was ejected. */
const ejections: readonly Known[] = [
  [/^failed$/, () => '失敗'],
  [/^failed (\d+) times in a row$/, (times) => `${times}回連続で失敗`],
  [/^the run that tried it failed$/, () => '復帰の試行が失敗'],
  [
    /^succeeded in (.+?) of its runs, where (.+?) was the least to expect$/,
    (rate, least) => `成功率${rate}、期待される下限は${least}`,
  ],
];

/** Why an incident is not more severe, or is as severe as it is. */
const grounds: readonly Known[] = [
  [/^, and an error budget is spent$/, () => '、エラーバジェットを使い切った'],
  [
    /^, and its error budget burns at ([\d.]+) times the rate that it can bear$/,
    (rate) => `、エラーバジェットが許容の${rate}倍の速さで減っている`,
  ],
  [
    /^, and its error budget burns slowly, at ([\d.]+) times the rate that it can bear$/,
    (rate) => `、エラーバジェットの減りは遅い（許容の${rate}倍の速さ）`,
  ],
  [
    /^, and a person lets all calls through its circuits$/,
    () => '、人の操作によりサーキットがすべての呼び出しを通している',
  ],
  [/^, and its fallback serves the callers$/, () => '、フォールバックが呼び出し元に応答している'],
  [
    /^ and has a fallback, of which it is not known yet whether it serves$/,
    () => '、フォールバックがあり、応答できるかはまだ不明',
  ],
  // As journals of earlier versions have it.
  [
    /^ and has a fallback, which no call has needed so far$/,
    () => '、フォールバックがあり、それを必要とした呼び出しはまだない',
  ],
  [/^, and (\d+) of (\d+) calls are hurt$/, (hurt, all) => `、影響は呼び出し${all}件中${hurt}件`],
  [
    /^ and its fallback answers (\d+) of (\d+) calls$/,
    (answered, all) => `、フォールバックの応答は呼び出し${all}件中${answered}件`,
  ],
  [/^ and has no fallback$/, () => '、フォールバックはない'],
  [
    /^( and has no fallback)?, and (\d+) of (\d+) keys are turned away$/,
    (none, turnedAway, all) =>
      `${none === undefined ? '' : '、フォールバックはない'}、拒否はキー${all}個中${turnedAway}個`,
  ],
  [
    /^( and has no fallback)?, and (\d+) of its (\d+) endpoints do not answer$/,
    (none, silent, all) =>
      `${none === undefined ? '' : '、フォールバックはない'}、応答なしはエンドポイント${all}個中${silent}個`,
  ],
];

/** Whole sentences: summaries, reasons, samples of errors. */
const sentences: readonly Known[] = [
  ...reasons,
  [
    /^The circuit of '(.*?)' opened: (.*)$/s,
    (policy, reason) => `「${policy}」のサーキットがオープン: ${known(reasons, reason)}`,
  ],
  [
    new RegExp(
      `^'(.*)' is of (critical|high|medium|low) criticality(.*?)(?:, and callers are still hurt after (${DURATION}))?\\.$`,
      's',
    ),
    (policy, criticality, ground = '', lasting) => {
      const why = translated(grounds, ground);
      if (why === undefined) return undefined;
      const still = lasting === undefined ? '' : `、${duration(lasting)}後も呼び出し元に影響が続いている`;
      return `「${policy}」の重要度は ${criticality}${why}${still}。`;
    },
  ],
  [
    new RegExp(`^'(.*)' sends no calls to its endpoint '(.*)' since (${DURATION}) \\((.*)\\)\\.$`, 's'),
    (policy, endpoint, since, reason) =>
      `「${policy}」はエンドポイント「${endpoint}」に${duration(since)}前から呼び出しを送っていない（${known(ejections, reason)}）。`,
  ],
  [/^resolved by hand\.$/, () => '手動で解決。'],
  [
    new RegExp(`^the circuit has stayed closed for (${DURATION})\\.$`),
    (held) => `サーキットのクローズが${duration(held)}続いた。`,
  ],
  [
    new RegExp(`^what began it has been over for (${DURATION})\\.$`),
    (held) => `発端となった事象が収まってから${duration(held)}が経過した。`,
  ],
  [/^its policy was removed\.$/, () => 'ポリシーが削除された。'],
  [
    /^It is back, soon after it was resolved: (.*)$/s,
    (reason) => `解決後まもなく再発: ${known(sentences, reason)}`,
  ],
  [
    new RegExp(`^Nobody acknowledged it within (${DURATION})\\.$`),
    (after) => `${duration(after)}以内に誰も対応を開始しなかった。`,
  ],
  [/^A status update is due\.$/, () => '状況報告の予定時刻になった。'],
  [
    /^The operation gave a value that was judged a failure(?:: (.*))?\.$/s,
    (reason) => `操作が返した値が失敗と判定された${reason === undefined ? '' : `: ${reason}`}。`,
  ],
];

/**
 * What the library itself words in English, in Japanese: circuits, severities by the default rule, the ends of incidents.
 * Any other text stays as it is.
 */
export function libraryJapanese(text: string): string {
  return known(sentences, text);
}

function known(all: readonly Known[], text = ''): string {
  return translated(all, text) ?? text;
}

function translated(all: readonly Known[], text: string): string | undefined {
  for (const [english, japanese] of all) {
    const found = english.exec(text);
    if (found !== null) return japanese(...found.slice(1));
  }
  return undefined;
}
