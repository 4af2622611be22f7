import { z } from 'zod';

/** A series over the time that is shown, a value for each step; `null` where there was none. */
const series = z.object({ labels: z.record(z.string(), z.string()), values: z.array(z.number().nullable()) });

/** What the picture is drawn from. Times are in seconds since the beginning of what is shown. */
export const pictureData = z.object({
  /** Length of what is shown. */
  seconds: z.number(),
  step: z.number(),
  /** When something was broken, and when it was mended. */
  faults: z.array(z.object({ policy: z.string(), what: z.string(), from: z.number(), to: z.number() })),
  objectives: z.array(
    z.object({
      policy: z.string(),
      sli: z.string(),
      objective: z.number(),
      thresholdMs: z.number().optional(),
      good: z.number(),
      budgetLeft: z.number(),
    }),
  ),
  budgetLeft: z.array(series),
  burnRates: z.array(series),
  /** Burn rate above which an alert pages. */
  pageAbove: z.number(),
  circuits: z.array(series),
  incidents: z.array(series),
  callsByOutcome: z.array(series),
  durations: z.array(series),
});
export type PictureData = z.output<typeof pictureData>;
export type PictureSeries = z.output<typeof series>;

/** The data as JSON, a line for each series, so that two recordings can be compared. */
export function dataText(data: PictureData): string {
  const fields = Object.entries(data).map(([name, value]) => {
    const text = Array.isArray(value)
      ? `[\n${value.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}
