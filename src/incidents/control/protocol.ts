import { z } from 'zod';
import { options, text } from '../../core/options.ts';

/*
 * The protocol of the control socket: one JSON object a line, in UTF-8. The command asks with a request; each request
 * gets one response with its id; between them may stand events of what the connection has begun.
 */

/** The longest line that the application takes, in bytes. */
export const MAX_REQUEST_BYTES = 256 * 1024;
/** The longest line that the command takes: an incident with all that was gathered, in bytes. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
/** How long a connection may say nothing before it is taken for dead. */
export const IDLE_MS = 30_000;

const requestId = z.union([z.number(), z.string().max(64)]);

/** What the command asks. */
export const controlRequest = options(
  { id: requestId, method: text, params: z.unknown().optional() },
  'a request such as {"id":1,"method":"ping","params":{}}',
);
/** What the command asks. */
export type ControlRequest = z.output<typeof controlRequest>;

const problem = z.object({ path: z.string(), message: z.string() });

/** Why a request was refused. `id` of the response is `null` where the request had none that could be read. */
export const controlError = z.object({ message: z.string(), problems: z.array(problem) });

/** What the application says, as the command reads it. */
export const controlMessage = z.union([
  z.object({ id: requestId.nullable(), error: controlError }),
  z.object({ id: requestId, result: z.unknown() }),
  z.object({ event: z.string(), data: z.unknown() }),
]);
/** What the application says. */
export type ControlMessage = z.output<typeof controlMessage>;

/** A message as a line. */
export function lineOf(message: ControlMessage | ControlRequest): string {
  return `${JSON.stringify(message)}\n`;
}
