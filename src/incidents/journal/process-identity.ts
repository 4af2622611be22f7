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
  /** When it began, in the kernel's own measure, since ids of processes are given again. */
  began: z.string().optional(),
});

/** Which process something is. */
export type ProcessIdentity = z.output<typeof processIdentity>;

/** This process. */
export function thisProcess(): ProcessIdentity {
  const boot = readOrNone(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const pidNamespace = readOrNone(() => readlinkSync('/proc/self/ns/pid'));
  const began = readOrNone(() => beganAt('self').began);
  return {
    host: hostname(),
    pid: process.pid,
    ...(boot === undefined ? {} : { boot }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(began === undefined ? {} : { began }),
  };
}

/**
 * Whether the process runs, as seen from `here`, which is another one. `undefined` where that cannot be told from its
 * identity alone.
 */
export function isRunning(other: ProcessIdentity, here: ProcessIdentity): boolean | undefined {
  if (other.host !== here.host) return undefined;
  // The machine was started anew since, or a former process of this container had the id that this one has.
  if (other.boot !== here.boot || other.pid === here.pid) return false;
  if (other.pidNamespace !== here.pidNamespace) return undefined;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  const now = readOrNone(() => beganAt(String(other.pid)));
  if (now === undefined || other.began === undefined) return undefined;
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
