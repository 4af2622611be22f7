import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes whose parent is `parentId`. */
export function childrenOf(parentId: number): number[] {
  return process.platform === 'linux' ? childrenInProc(parentId) : childrenByPs(parentId);
}

/** Sends `signal` to each process; one that is gone is passed over. */
export function signalEach(processIds: readonly number[], signal: NodeJS.Signals): void {
  for (const processId of processIds) {
    try {
      process.kill(processId, signal);
    } catch {
      // It ended by itself.
    }
  }
}

function childrenInProc(parentId: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      // "pid (name) state parent ...": the name may hold spaces and parentheses, so what counts is after the last.
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(parent) === parentId ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

function childrenByPs(parentId: number): number[] {
  const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return listing.split('\n').flatMap((line) => {
    const [processId, parent] = line.trim().split(/\s+/).map(Number);
    return parent === parentId && processId !== undefined ? [processId] : [];
  });
}
