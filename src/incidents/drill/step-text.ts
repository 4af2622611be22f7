import { durationText } from '../duration-text.ts';
import type { DrillStep } from './scenario.ts';
import type { DrillMark } from './score.ts';

/** What is told of a step that was done, or has failed. One sentence. */
export function stepText(step: DrillStep, { by, failed, text, atMs }: DrillMark): string {
  if (failed) return `${failures[step]}: ${text}.`;
  return `${done[step]}${by === null ? '' : ` by ${by}`} after ${durationText(atMs)}: ${text}.`;
}

const done: Readonly<Record<DrillStep, string>> = {
  detect: 'Detected',
  notify: 'Notified',
  acknowledge: 'Acknowledged',
  mitigate: 'Mitigated',
  verify: 'Verified',
};

const failures: Readonly<Record<DrillStep, string>> = {
  detect: 'Not detected',
  notify: 'Not everybody was told',
  acknowledge: 'Not acknowledged',
  mitigate: 'Not mitigated',
  verify: 'Not verified',
};
