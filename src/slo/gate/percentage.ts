/**
 * A ratio as a percentage with one decimal, rounded to one side, so that what is left of a budget never reads as more,
 * nor what is overspent as less, than it is.
 */
export function roundedPercentage(ratio: number, direction: 'down' | 'up'): string {
  const tenths = ratio * 1_000;
  // What binary arithmetic adds or takes is no tenth of a percent.
  const whole = direction === 'down' ? Math.floor(tenths + 1e-6) : Math.ceil(tenths - 1e-6);
  return `${whole / 10}%`;
}
