import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncidentJournal } from '../../journal.ts';

/** The languages in which a post-mortem is written. */
export const languages = ['en', 'ja'] as const;
/** A language in which a post-mortem is written. */
export type Language = (typeof languages)[number];

/** The name of an incident's post-mortem in its folder. */
export function postmortemName(language: Language): string {
  return language === 'en' ? 'postmortem.md' : `postmortem.${language}.md`;
}

/** The folder of an incident's own files. */
export function incidentFolder({ name }: IncidentJournal, id: string): string {
  return join(name, 'incidents', id);
}

/** The post-mortems that are in an incident's folder. */
export async function postmortemFiles(journal: IncidentJournal, id: string): Promise<readonly string[]> {
  const names = await readdir(join(journal.directory, 'incidents', id)).catch((): string[] => []);
  return languages
    .map(postmortemName)
    .filter((name) => names.includes(name))
    .map((name) => join(incidentFolder(journal, id), name));
}
