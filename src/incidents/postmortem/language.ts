/** The languages that post-mortems are written in. */
export const postmortemLanguages = ['en', 'ja'] as const;
/** A language that post-mortems are written in. */
export type PostmortemLanguage = (typeof postmortemLanguages)[number];
