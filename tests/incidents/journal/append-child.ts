import { openJournal } from '../../../src/incidents/journal/journal.ts';

// Appends notes, a few at a time.
const [directory = '', writer = '', count = ''] = process.argv.slice(2);
const { journal } = openJournal({
  directory,
  writer,
  report: (error) => {
    throw error;
  },
});
for (let at = 0; at < Number(count); ) {
  const bodies = [];
  for (let some = 0; some <= at % 7 && at < Number(count); some += 1, at += 1) {
    const text = `${writer} ${at}`;
    const change = { type: 'noted', at: 1, id: 'n-1', text, by: 'Ada', deadEnd: false } as const;
    bodies.push({ incident: 'INC-20260204-001-9f3a01bc', change });
  }
  await journal.append(bodies);
}
await journal.close();
