const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Exit codes as a shell gives them to a program that a signal ended. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Ctrl-C and the other reasons for which a process is to end before it is done. */
export interface Interrupt {
  /** Aborts at the first of them, with an error that says which. */
  readonly signal: AbortSignal;
  /** The exit code that a signal asks for; `undefined` while there was none. */
  exitCode(): number | undefined;
  /** Gives signals and uncaught errors back to Node. */
  stop(): void;
}

/**
 * Turns Ctrl-C, the other polite signals and uncaught errors into an abort, so that whoever started something can
 * stop it. More of them change nothing: what was started is being stopped already.
 */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const listeners = signals.map((name) => {
    const listener = (): void => {
      exitCode ??= exitCodes[name];
      controller.abort(new Error(`interrupted by ${name}`));
    };
    process.on(name, listener);
    return { name, listener };
  });
  const onError = (error: unknown): void => controller.abort(error);
  process.on('uncaughtException', onError);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    stop: () => {
      for (const { name, listener } of listeners) process.off(name, listener);
      process.off('uncaughtException', onError);
    },
  };
}
