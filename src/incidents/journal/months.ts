const NAME = /^journal-\d{4}-(?:0[1-9]|1[0-2])\.jsonl$/;

/** The file for what is written at `at`, in milliseconds since the epoch: one for each UTC month. */
export function monthFile(at: number): string {
  return `journal-${new Date(at).toISOString().slice(0, 7)}.jsonl`;
}

/** Those of `names` that are files of a journal, the oldest month first. */
export function monthFiles(names: readonly string[]): string[] {
  return names.filter((name) => NAME.test(name)).sort();
}
