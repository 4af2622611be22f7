/** A ratio of whole numbers, exact; the whole is above 0. */
export interface Rational {
  readonly part: bigint;
  readonly whole: bigint;
}

/** A finite number taken for the decimal that it prints as: 0.1 is 1/10. */
export function decimal(value: number): Rational {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [integer = '', fraction = ''] = mantissa.split('.');
  const decimals = fraction.length - Number(exponent);
  const digits = BigInt(integer + fraction);
  return decimals > 0
    ? { part: digits, whole: 10n ** BigInt(decimals) }
    : { part: digits * 10n ** BigInt(-decimals), whole: 1n };
}

/** `part / whole` as the nearest number. */
export function nearest(part: bigint, whole: bigint): number {
  if (part < 0n) return -nearest(-part, whole);
  // As many bits as a double holds and some more; what is left over decides where they alone would say "halfway".
  const shift = 66 - bitLength(part) + bitLength(whole);
  const dividend = shift > 0 ? part << BigInt(shift) : part;
  const divisor = shift > 0 ? whole : whole << BigInt(-shift);
  const quotient = dividend / divisor;
  const sticky = quotient * divisor === dividend ? quotient : quotient | 1n;
  // In two steps, since 2 ** -shift alone may be too small for a double.
  const half = Math.trunc(shift / 2);
  return Number(sticky) * 2 ** -half * 2 ** -(shift - half);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
