import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from '../../../src/slo/rules/groups.ts';
import { anyOf, durationText, literal, percentText, quoted, series } from '../../../src/slo/rules/text.ts';
import { expanded, printsClearly } from '../../../src/slo/rules/wording.ts';

describe('text for where it goes', () => {
  it('quotes strings of PromQL', () => {
    expect(quoted('a"b\\c\nd\te')).toBe('"a\\"b\\\\c\\nd\\te"');
    expect(quoted('\ud800')).toBe('"\\ufffd"');
    expect(quoted('\u0085\ufeff\u2028\u{e0001}')).toBe('"\\u0085\\ufeff\\u2028\\U000e0001"');
    expect(quoted('é\u{1f30a}')).toBe('"é\u{1f30a}"');
  });

  it('makes a regular expression that matches nothing but these texts', () => {
    expect(anyOf(['a.b', 'c|d(e)'])).toBe('"a\\\\.b|c\\\\|d\\\\(e\\\\)"');
  });

  it('writes selectors', () => {
    expect(series('up', {})).toBe('up');
    expect(series('up', { job: 'a"b' }, 'x=~"y"')).toBe('up{job="a\\"b", x=~"y"}');
  });

  it('keeps templates of Go from running what is text', () => {
    expect(literal('a {{ b }} c')).toBe('a {{"{{"}} b }} c');
    expect(literal('{{{')).toBe('{{"{{{"}}');
    // What follows it in a template may begin with a brace.
    expect(literal('a{')).toBe('a{{"{"}}');
    expect(literal('a{b}')).toBe('a{b}');
  });

  it('writes shares exactly', () => {
    expect([0.999, 0.07, 0.9999, 0.29, 1, 1e-7].map(percentText)).toEqual([
      '99.9%',
      '7%',
      '99.99%',
      '29%',
      '100%',
      '0.00001%',
    ]);
  });

  it('writes durations in the largest unit that divides them', () => {
    const hour = 3_600_000;
    expect([30 * 24 * hour, 730 * hour, 90_000, 300_000, 1_500, 0.2].map(durationText)).toEqual([
      '30d',
      '730h',
      '90s',
      '5m',
      '1500ms',
      '1ms',
    ]);
  });

  it('writes YAML whose comment nothing leaves, and whose strings stay strings', () => {
    const content = {
      texts: [
        'yes',
        '0x1f',
        '1_000',
        '~',
        '2001-01-01',
        'a: b',
        'a\n b\n',
        '\u0085\ufffe',
        '\ud800',
        '<<',
        '=',
      ],
    };
    const text = yamlText(content, ['one\ntwo\u2028three']);
    expect(text.split('\n').slice(0, 2)).toEqual(['# one two three', '']);
    expect(parse(text)).toEqual({ texts: content.texts.map((value) => value.replace('\ud800', '\ufffd')) });
    for (const value of ['yes', '0x1f', '1_000', '2001-01-01'])
      expect(text).toMatch(new RegExp(`- ["']${value}["']`));
    expect(text).toContain('\\u0085\\ufffe');
  });
});

describe('what templates of Prometheus come to', () => {
  it.each([
    [14.4, '14.4', '1440%'],
    [1_000, '1k', '1e+05%'],
    [1_428.571_428, '1.429k', '1.429e+05%'],
    [0.000_45, '450u', '0.045%'],
    [1, '1', '100%'],
    [0, '0', '0%'],
    [-0.5, '-500m', '-50%'],
    [999.96, '1000', '1e+05%'],
    [0.1 + 0.2, '300m', '30%'],
    [1e-7, '100n', '1e-05%'],
  ])('%d as %s and %s', (value, number, percent) => {
    expect(expanded(value, 'database')).toMatchObject({ number, percent });
  });

  it('knows which values a rounding error makes read otherwise', () => {
    expect(printsClearly(14.4)).toBe(true);
    expect(printsClearly(14.445)).toBe(false);
  });
});
