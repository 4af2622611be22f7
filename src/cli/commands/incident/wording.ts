/** What the library's commands are called on the command line, where that is something else. */
const names: ReadonlyMap<string, string> = new Map([
  ['acknowledge', 'ack'],
  ['judge', 'hypothesis confirm'],
  ['move-action', 'action'],
  ['data-to-repair', 'data needed'],
  ['data-repaired', 'data repaired'],
  ['decision-needed', 'decision ask'],
  ['decide', 'decision made'],
  ['runbook-step', 'runbook'],
]);

/** A sentence of the library with the names that its commands have on the command line. */
export function onCommandLine(sentence: string): string {
  return sentence.replace(/'([a-z-]+)'/g, (quotedName, name: string) => {
    const other = names.get(name);
    return other === undefined ? quotedName : `'${other}'`;
  });
}
