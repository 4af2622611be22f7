/**
 * The digits of `value` with the decimal point moved to the right by `places`, without an exponent: `99.9` for 0.999
 * and 2. Nothing is rounded, so that what is written can be read back as the same number.
 *
 * @param value a finite number, 0 or more
 */
export function shiftedDecimal(value: number, places: number): string {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent) + places;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = Math.max(1, point);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const right = padded.slice(at).replace(/0+$/, '');
  return right === '' ? left : `${left}.${right}`;
}
