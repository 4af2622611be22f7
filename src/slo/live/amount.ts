/** A number for people: three digits, without an exponent. */
export function amount(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false });
}
