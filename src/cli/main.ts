#!/usr/bin/env node
/** The `breakwater` command. */
import { userInfo } from 'node:os';
import process from 'node:process';
import { run } from './program.ts';
import { terminalOn } from './terminal.ts';

function onInterrupt(listener: (signal: string) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

// Whatever ends the process before the command has come to an answer is none.
process.exitCode = 2;
process.exitCode = await run(process.argv.slice(2), {
  out: terminalOn(process.stdout, process.env),
  err: terminalOn(process.stderr, process.env),
  // Node opens it when it is looked at first.
  get stdin() {
    return process.stdin;
  },
  cwd: process.cwd(),
  env: process.env,
  userName: () => userInfo().username,
  now: Date.now,
  onInterrupt,
});
