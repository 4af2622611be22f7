import { subjects } from './subjects.ts';
import { parseCommandLine } from './support/cli.ts';
import { Progress } from './support/progress.ts';
import { failureText } from './support/proof.ts';

/** Runs one benchmark in this process and prints its result as JSON, or why there is none: what `bench.ts` starts. */
const options = parseCommandLine(process.argv.slice(2));
const subject = subjects.find(({ name }) => name === options.subjects[0]);
if (subject === undefined) throw new Error('No benchmark was named');
const progress = new Progress(subject.name);
try {
  progress.say('starting');
  const result = await subject.run({ size: options.size, seed: options.seed, progress: progress.say });
  process.stdout.write(JSON.stringify(result));
  progress.end();
} catch (error) {
  progress.end();
  process.stderr.write(failureText(subject.name, error));
  process.exit(1);
}
