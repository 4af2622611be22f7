/** A number for people: three digits. */
export function amount(value: number): string {
  return String(Number(value.toPrecision(3)));
}
