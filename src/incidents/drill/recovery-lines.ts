import type { PolicyRecovery } from '../recovery/recovery.ts';

/** What can be done about policies, a line each, as a drill prints it: the runbook's steps, then what the library can do. */
export function recoveryLines(recoveries: readonly PolicyRecovery[]): readonly string[] {
  return recoveries.flatMap(({ policy, runbook, controls }) => [
    ...(runbook === undefined
      ? [`'${policy}' has no runbook.`]
      : [
          `Runbook of '${policy}': ${runbook.title}${runbook.url === undefined ? '' : ` (${runbook.url})`}`,
          ...runbook.steps.map(
            ({ text, command, check }, at) =>
              `${at + 1}. ${text}${command === undefined ? '' : `: ${command}`} - then check: ${check}`,
          ),
        ]),
    ...controls
      .filter(({ unavailable }) => unavailable === undefined)
      .map(({ control, text, limit }) => `${control}${limit === undefined ? '' : ` ${limit.name}`}: ${text}`),
  ]);
}
