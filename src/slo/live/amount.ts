/** A number for people: three digits. */
export function amount(value: number): string {
  return String(Number(value.toPrecision(3)));
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** A time for people, in whole units, so that it never says more than it was; the first second is told as one. */
export function span(ms: number): string {
  const [unitMs, symbol] = units.find(([unit]) => ms >= 2 * unit) ?? [1_000, 's'];
  return `${Math.max(1, Math.floor(ms / unitMs))} ${symbol}`;
}
