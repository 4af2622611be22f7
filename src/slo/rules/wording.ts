import { literal, wellFormed } from './text.ts';

/**
 * How the texts of an alert are put together: as templates of Go for the rules, or as what they come to for the tests
 * of the rules.
 */
export interface Wording {
  /** Text from outside. */
  text(raw: string): string;
  /** The alert's value as a number. */
  readonly number: string;
  /** The alert's value in percent. */
  readonly percent: string;
  /** The value of the alert's label `policy`. */
  readonly policy: string;
  /** One text where the alert's value is as said, another where not. */
  choose(value: ValueIs, text: string, otherwise: string): string;
}

/** What a text may depend on. */
export type ValueIs = 'below 0' | 'is 0';

/** Texts as templates. */
export const templates: Wording = {
  text: literal,
  number: '{{ $value | humanize }}',
  percent: '{{ $value | humanizePercentage }}',
  policy: '{{ $labels.policy }}',
  choose: (value, text, otherwise) =>
    `{{ if ${value === 'is 0' ? 'eq' : 'lt'} $value 0.0 }}${text}{{ else }}${otherwise}{{ end }}`,
};

/** Texts as they are for an alert of a value, which may not need them all. */
export function expanded(value: number, policy: string): Wording {
  return {
    text: wellFormed,
    number: humanized(value),
    percent: `${fourDigits(value * 100)}%`,
    policy: wellFormed(policy),
    choose: (is, text, otherwise) => ((is === 'is 0' ? value === 0 : value < 0) ? text : otherwise),
  };
}

/** What Prometheus' template function `humanize` makes of a number. */
function humanized(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return fourDigits(value);
  let scaled = value;
  let prefix = '';
  const [prefixes, down] =
    size >= 1
      ? [['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'], true]
      : [['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'], false];
  for (const next of prefixes) {
    if (down ? Math.abs(scaled) < 1_000 : Math.abs(scaled) >= 1) break;
    prefix = next;
    scaled = down ? scaled / 1_000 : scaled * 1_000;
  }
  return fourDigits(scaled) + prefix;
}

/** A number as C's `%.4g` prints it. */
function fourDigits(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential(3).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 4) return String(Number(value.toPrecision(4)));
  const digits = String(Math.abs(power)).padStart(2, '0');
  return `${Number(mantissa)}e${power < 0 ? '-' : '+'}${digits}`;
}

/** Whether a value that is off by a rounding error reads the same in both forms. */
export function printsClearly(value: number): boolean {
  const texts = [1 - 1e-9, 1, 1 + 1e-9].map((by) => {
    const { number, percent } = expanded(value * by, '');
    return `${number} ${percent}`;
  });
  return new Set(texts).size === 1;
}
