import { listed, selectorLine } from './advice.ts';
import type { ExpositionSample } from './exposition.ts';
import type { RuleLabels } from './model.ts';
import { seriesLabelNames, specLabels } from './shapes.ts';
import { inlineText } from './yaml-text.ts';

/**
 * Default labels that name an application and stay as they are. A selector with any other, such as `pod` or `release`,
 * could miss series of other processes or of the next release.
 */
const applicationLabels: ReadonlySet<string> = new Set([
  'service',
  'app',
  'application',
  'component',
  'env',
  'environment',
  'stage',
  'team',
  'namespace',
  'tenant',
  'project',
]);

/**
 * The registry's default labels, which all series have with the same value: those of the selector, and the
 * names of the others.
 */
export function sharedLabels(samples: readonly ExpositionSample[]): {
  readonly selector: RuleLabels;
  readonly others: readonly string[];
} {
  const [first, ...rest] = samples;
  const shared = [...(first?.labels ?? [])].filter(
    ([name, value]) =>
      !seriesLabelNames.includes(name) && rest.every(({ labels }) => labels.get(name) === value),
  );
  const isSelecting = ([name, value]: readonly [string, string]) =>
    applicationLabels.has(name) && selectorLabels.safeParse({ [name]: value }).success;
  return {
    selector: Object.fromEntries(shared.filter(isSelecting)),
    others: shared.filter((label) => !isSelecting(label)).map(([name]) => name),
  };
}

/** What a new file says of its selector, in comments. */
export function selectorComment(service: string, selector: RuleLabels, others: readonly string[]): string[] {
  const notTaken =
    others.length === 0
      ? []
      : [
          `All series have these labels too, which may differ from process to process or release to release: ${listed(others.map(inlineText))}`,
        ];
  if (Object.keys(selector).length > 0) return notTaken;
  return [
    ...notTaken,
    'Without labels that only this service has, the rules count the same policies of other services too.',
    selectorLine(service),
  ];
}

const selectorLabels = specLabels(seriesLabelNames, 'selector');
