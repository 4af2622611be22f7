import type { GateDecision } from '../../../slo/gate/decision.ts';
import { type CommandContext, CommandFailure } from '../../context.ts';
import { appendLine } from '../../files.ts';
import { userOf } from '../../user.ts';

/** What the command line says of an override. */
export interface OverrideFlags {
  readonly override?: string;
  readonly by?: string;
  readonly record: string;
}

/** A release that went out although the gate did not say yes: a line of the file that records them. */
export interface OverrideRecord {
  /** In ISO 8601. */
  readonly time: string;
  readonly by: string;
  readonly reason: string;
  /** What the gate said. */
  readonly release: 'no' | 'unknown';
  /** All that stood in the way. */
  readonly why: readonly string[];
  readonly prometheus: string;
}

/** An override, and where it is recorded, or why it could not be. */
export type Override =
  | { readonly recorded: true; readonly record: OverrideRecord; readonly file: string }
  | { readonly recorded: false; readonly problem: string };

/**
 * Records an override where one was asked for. One that cannot be recorded is none.
 *
 * @param prometheus its address, without credentials
 */
export async function recordOverride(
  context: CommandContext,
  flags: OverrideFlags,
  { release, why }: GateDecision,
  prometheus: string,
): Promise<Override | undefined> {
  if (flags.override === undefined || release === 'yes') return undefined;
  try {
    const record: OverrideRecord = {
      time: new Date(context.now()).toISOString(),
      by: flags.by?.trim() ?? userOf(context),
      reason: flags.override.trim(),
      release,
      why,
      prometheus,
    };
    await appendLine(context, flags.record, JSON.stringify(record));
    return { recorded: true, record, file: flags.record };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return {
      recorded: false,
      problem: `the override is not recorded, and so does not count: ${error.message}`,
    };
  }
}
