import type { ChangeOf } from '../incident/changes/change.ts';
import type { Runbook } from '../recovery/runbook.ts';
import { redact } from '../redact.ts';

type Recorded = NonNullable<ChangeOf<'situation'>['runbooks']>[number];

/** Room for what the option allows. */
const MAX_COMMAND = 2_000;

/** A runbook as an incident keeps it, so that it can be read when the application is down. Commands keep their lines. */
export function recordedRunbook(policy: string, { title, url, steps }: Runbook): Recorded {
  return {
    policy,
    title: redact(title),
    ...(url === undefined ? {} : { url: redact(url, MAX_COMMAND) }),
    steps: steps.map(({ text, command, link, check, twoPeople }) => ({
      text: redact(text),
      ...(command === undefined ? {} : { command: redactedLines(command) }),
      ...(link === undefined ? {} : { link: redact(link, MAX_COMMAND) }),
      check: redact(check),
      ...(twoPeople === undefined ? {} : { twoPeople }),
    })),
  };
}

function redactedLines(command: string): string {
  return command
    .split(/\r?\n/)
    .map((line) => redact(line, MAX_COMMAND))
    .join('\n');
}
