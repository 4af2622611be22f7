import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends a run with the skipped tests by name, each with its reason, and one plain line that a program can read:
 * `N passed, N failed, N skipped`. A file that could not be run counts as one failure, and so does a test of which nothing
 * was heard: it is named, and the run fails.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const brokenFiles = modules.filter((module) => module.errors().length > 0).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const unheard = tests.filter((test) => test.result().state === 'pending');
    if (unheard.length > 0) process.exitCode = 1;
    const failed = count('failed') + brokenFiles + unhandledErrors.length + unheard.length;
    const lines = [
      ...unheard.map((test) => `not heard of: ${test.module.relativeModuleId}: ${test.fullName}`),
      ...skipped.map((test) => `skipped: ${test.module.relativeModuleId}: ${test.fullName}: ${reason(test)}`),
      `${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

function reason(test: TestCase): string {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
}
