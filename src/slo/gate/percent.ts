/**
 * A ratio as a percentage, as in `99.9%`: the decimals that it prints as, moved by two places, without what binary
 * arithmetic would add.
 *
 * @param rounding to tenths of a percent, so that 0.09999 never reads as 10 %; without it nothing is rounded
 */
export function percentText(ratio: number, rounding?: 'down' | 'up'): string {
  if (rounding !== undefined) {
    const tenths = ratio * 1_000;
    const whole = rounding === 'down' ? Math.floor(tenths + 1e-6) : Math.ceil(tenths - 1e-6);
    return `${whole / 10}%`;
  }
  const [mantissa = '', exponent = '0'] = String(ratio).split('e');
  return `${Number(`${mantissa}e${Number(exponent) + 2}`)}%`;
}
