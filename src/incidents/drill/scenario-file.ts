import { z } from 'zod';
import { flag, oneOf, options, policyName } from '../../core/options.ts';
import { checkDocument, parseDocuments, type SpecPath } from '../../slo/spec/document.ts';
import { duration, formatDuration } from '../../slo/spec/durations.ts';
import { SpecError } from '../../slo/spec/problems.ts';
import {
  completeScenario,
  type DrillScenario,
  drillEffects,
  drillText,
  drillTitle,
  LONGEST_DRILL_MS,
  scenarioProblems,
} from './scenario.ts';

/** What a scenario file begins with. */
export const SCENARIO_VERSION = 'breakwater-drill/v1';

const atMost = (example: string) =>
  duration({ example }).refine((ms) => ms <= LONGEST_DRILL_MS, {
    error: `must be at most ${formatDuration(LONGEST_DRILL_MS)}`,
  });

const target = (example: string) => z.union([z.literal(false), atMost(example)]).optional();

const fileSchema = options(
  {
    version: oneOf([SCENARIO_VERSION]),
    title: drillTitle.optional(),
    policies: z.array(policyName, { error: 'must be a list of policies' }).min(1).max(20),
    effect: oneOf(drillEffects).optional(),
    duration: atMost('30m').optional(),
    notify: flag.optional(),
    targets: options(
      {
        detect: target('30s'),
        notify: target('1m'),
        acknowledge: target('5m'),
        mitigate: target('15m'),
        verify: target('20m'),
      },
      'a mapping of steps to durations',
    ).optional(),
    instructions: z
      .array(options({ at: atMost('2m').optional(), text: drillText }, 'a mapping with at and text'), {
        error: 'must be a list of instructions',
      })
      .max(100)
      .optional(),
  },
  `a mapping that starts with version: ${SCENARIO_VERSION}`,
);

/** Names in the file of what has another in a scenario. */
const fileNames: ReadonlyMap<string | number, string> = new Map([
  ['durationMs', 'duration'],
  ['targetsMs', 'targets'],
  ['afterMs', 'at'],
]);

/**
 * Reads a scenario file (YAML).
 *
 * @param policies instead of the file's own, where there are any
 * @throws {SpecError} with all that is wrong, by line and column
 */
export function readScenario(text: string, policies?: readonly string[]): DrillScenario {
  const [document, second] = parseDocuments(text);
  if (second !== undefined)
    throw new SpecError([second.problem([], 'is a second document; a scenario is one')]);
  const {
    targets,
    instructions,
    duration: durationMs,
    version: _,
    ...file
  } = checkDocument(fileSchema, document);
  const scenario = completeScenario({
    ...file,
    durationMs,
    targetsMs: targets,
    instructions: instructions?.map(({ at = 0, text: words }) => ({ afterMs: at, text: words })),
  });
  const problems = scenarioProblems(scenario).map(({ path, message }) =>
    document.problem(inFile(path), message),
  );
  if (problems.length > 0) throw new SpecError(problems, 'The scenario cannot be used');
  return policies === undefined ? scenario : { ...scenario, policies };
}

function inFile(path: readonly (string | number)[]): SpecPath {
  return path.map((part) => fileNames.get(part) ?? part);
}
