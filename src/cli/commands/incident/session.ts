import { type Command, Option } from 'commander';
import { isBreakwaterError } from '../../../core/errors.ts';
import { parseOptions } from '../../../core/options.ts';
import { incidentCommand } from '../../../incidents/commands/command.ts';
import { decide } from '../../../incidents/commands/decide.ts';
import type { IncidentJson } from '../../../incidents/incident/document.ts';
import { wordArgument } from '../../arguments.ts';
import { calledAs } from '../../called.ts';
import { type CommandContext, CommandFailure, type ExitCode } from '../../context.ts';
import { IncidentJournal, JOURNAL_VARIABLE } from '../../journal.ts';
import { userOf } from '../../user.ts';
import { chooseIncident, type Unnamed, type Use } from './choose.ts';
import { inVain } from './in-vain.ts';
import type { PageOptions } from './page/layout.ts';
import { postmortemFiles } from './postmortem-file.ts';
import { newPartId, quoted } from './print.ts';
import { onCommandLine } from './wording.ts';

/** Says who does it where `--by` does not. */
export const BY_VARIABLE = 'BREAKWATER_BY';

/** What every command that reads the journal may be told. */
export interface JournalFlags {
  readonly directory?: string;
  readonly json?: true;
}

/** What every command that writes to it may be told too. */
export interface WriterFlags extends JournalFlags {
  readonly by?: string;
}

/** What a command of this group is made with. */
export interface IncidentCommands {
  /** `breakwater incident`. */
  readonly group: Command;
  readonly context: CommandContext;
  /** Says what the command came to. */
  finish(code: ExitCode): void;
}

/** Adds the options that every command has which reads the journal. */
export function withJournalOptions(command: Command): Command {
  return command.addOption(directoryOption()).option('--json', 'print JSON');
}

/** The option that says where the journal is. */
export function directoryOption(): Option {
  return new Option(
    '-d, --directory <folder>',
    `the journal: the application's incidents.directory (default: $${JOURNAL_VARIABLE})`,
  ).argParser(wordArgument);
}

/** Adds the options that every command has which writes to the journal. */
export function withWriterOptions(command: Command): Command {
  return withJournalOptions(withByOption(command));
}

/** Adds the option that says who does it. */
export function withByOption(command: Command): Command {
  return command.option('--by <name>', `who does it (default: $${BY_VARIABLE}, or the user)`, wordArgument);
}

/** Who does it. */
export function authorOf(context: CommandContext, { by }: Pick<WriterFlags, 'by'>): string {
  return (by ?? (context.env[BY_VARIABLE] || userOf(context))).trim();
}

/** An incident before and after a command. */
export interface Written {
  readonly before: IncidentJson;
  readonly after: IncidentJson;
  /** Ids of what was added, such as `h-3fa9`. */
  readonly added: readonly string[];
  /** Why it is not as was asked, although it is recorded: somebody else was there first. */
  readonly inVain?: string | undefined;
}

/** One run of a command on the journal. */
export class IncidentSession {
  readonly context: CommandContext;
  readonly journal: IncidentJournal;
  /** What a command that is to be copied must say of where the journal is. */
  readonly suffix: string;

  private constructor(context: CommandContext, journal: IncidentJournal, suffix: string) {
    this.context = context;
    this.journal = journal;
    this.suffix = suffix;
  }

  /** What pages about the incident are made with. */
  async pageOptions(incident: string): Promise<PageOptions> {
    return {
      now: this.context.now(),
      suffix: this.suffix,
      program: calledAs(this.context.env),
      postmortemWritten: (await postmortemFiles(this.journal, incident)).length > 0,
    };
  }

  static async open(context: CommandContext, { directory }: JournalFlags): Promise<IncidentSession> {
    const journal = await IncidentJournal.open(context, directory);
    return new IncidentSession(
      context,
      journal,
      directory === undefined ? '' : ` --directory ${quoted(directory)}`,
    );
  }

  /** The incident that is meant; see `chooseIncident`. */
  async choose(reference: string | undefined, unnamed?: Unnamed, use?: Use): Promise<IncidentJson> {
    return chooseIncident(await this.journal.incidents(), reference, unnamed, use);
  }

  /**
   * Does what `command` says to the incident as it stands, and reads again what it has become.
   *
   * @param command an `IncidentCommand`, unchecked
   * @throws {CommandFailure} with exit code 1 when something speaks against it, 2 when it is none or cannot be written
   */
  async write(before: IncidentJson, command: unknown): Promise<Written> {
    const checked = checkedCommand(command);
    const added: string[] = [];
    const changes = decided(before, checked, {
      at: this.context.now(),
      newPartId: (letter) => {
        const id = newPartId(before, letter);
        added.push(id);
        return id;
      },
    });
    await this.journal.write(before.id, changes);
    const after = await this.reread(before.id);
    return { before, after, added, inVain: inVain(checked, after, this.journal.ineffective(before.id)) };
  }

  /** The incident as it is now. */
  async reread(id: string): Promise<IncidentJson> {
    const after = (await this.journal.incidents()).find((incident) => incident.id === id);
    if (after === undefined) throw new CommandFailure(`${id} was recorded, but cannot be read again`);
    return after;
  }
}

/** What the command changes, or all that speaks against it. */
function decided(...given: Parameters<typeof decide>): ReturnType<typeof decide> {
  try {
    return decide(...given);
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS'))
      throw new CommandFailure(onCommandLine(error.message), 1);
    throw error;
  }
}

/** A command that was put together from words: what is wrong with it is wrong with the words. */
function checkedCommand(command: unknown) {
  try {
    return parseOptions(incidentCommand, command, '', 'The command');
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) throw new CommandFailure(error.message);
    throw error;
  }
}
