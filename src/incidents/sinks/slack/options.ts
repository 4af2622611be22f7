import { z } from 'zod';
import { flag, options } from '../../../core/options.ts';
import { endpointOption, fetchOption } from '../../http/options.ts';
import { type RunbookUrl, runbookUrlOption } from '../link-options.ts';
import { sinkName } from '../sink-name.ts';

/** Options of `slackSink()`. */
export interface SlackSinkOptions {
  /** The incoming webhook's URL, which is a secret: https, or a loopback one. Never logged, nor repeated in errors. */
  readonly url: string | URL;
  /**
   * Whom to mention when a Critical or High incident begins: `<!here>`, `<!channel>`, a user as `<@U012AB3CD>` or a
   * group as `<!subteam^S012AB3CD>`. Default: nobody.
   */
  readonly mention?: string | undefined;
  /** A runbook to link to: one URL for all policies, or one by policy. Default: none. */
  readonly runbookUrl?: RunbookUrl | undefined;
  /** Lets a plain http URL be used that is not a loopback one. Default false. */
  readonly allowInsecure?: boolean | undefined;
  /** What to post with. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The sink's name. Default `slack`. */
  readonly name?: string | undefined;
}

const MENTION = /^<(?:!here|!channel|@[UW][A-Z0-9]{2,20}|!subteam\^S[A-Z0-9]{2,20})>$/;

/** Checks `SlackSinkOptions`, given what they say of `allowInsecure`: then all that is wrong is told at once. */
export function slackSinkSchema(allowInsecure: boolean) {
  return options({
    url: endpointOption(allowInsecure),
    mention: z
      .custom<string>((value) => typeof value === 'string' && MENTION.test(value), {
        error: "must be a mention, such as '<!here>' or '<@U012AB3CD>'",
      })
      .optional(),
    runbookUrl: runbookUrlOption.optional(),
    allowInsecure: flag.default(false),
    fetch: fetchOption.optional(),
    name: sinkName.default('slack'),
  });
}
