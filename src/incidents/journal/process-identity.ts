import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { errorCode } from './disk.ts';

/** Which process something is, so that another can tell whether it still runs. */
export const processIdentity = z.object({
  host: z.string(),
  pid: z.number().int().min(1),
  /** Which start of the machine it belongs to, where that can be told: on Linux. */
  boot: z.string().optional(),
  /** Within what its process id holds: a container has its own. */
  pidNamespace: z.string().optional(),
  /** When it began, in the kernel's own measure where that can be told, since ids of processes are given again. */
  began: z.string(),
});

/** Which process something is. */
export type ProcessIdentity = z.output<typeof processIdentity>;

/** This process. */
export function thisProcess(): ProcessIdentity {
  const boot = readOrNone(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const pidNamespace = readOrNone(() => readlinkSync('/proc/self/ns/pid'));
  const began = readOrNone(() => beganAt('self').began) ?? `at ${performance.timeOrigin}`;
  return {
    host: hostname(),
    pid: process.pid,
    began,
    ...(boot === undefined ? {} : { boot }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  };
}

/**
 * Whether the process runs, as seen from `here`, which may be the same one. `undefined` where that cannot be told from its
 * identity alone.
 */
export function isRunning(other: ProcessIdentity, here: ProcessIdentity): boolean | undefined {
  if (other.host !== here.host) return undefined;
  // The machine was started anew since.
  if (other.boot !== here.boot) return false;
  // Containers of one machine may have the same name, and in each the first process has the id 1.
  if (other.pidNamespace !== here.pidNamespace) return undefined;
  // Another one with the id of this one is a former process.
  if (other.pid === here.pid) return other.began === here.began;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  const now = readOrNone(() => beganAt(String(other.pid)));
  if (now === undefined) return undefined;
  return now.began === other.began && !now.ended;
}

/** From proc(5): the process's state and its start time, behind a name that may hold anything. */
function beganAt(pid: string): { readonly began: string; readonly ended: boolean } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const began = fields[18];
  if (began === undefined) throw new Error(`/proc/${pid}/stat has no start time`);
  return { began, ended: state === 'Z' || state === 'X' };
}

function readOrNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
