/** How large a run is: `full` measures, `short` shows that the benchmark works. */
export type Size = 'full' | 'short';

/** What a benchmark is given. */
export interface RunContext {
  readonly size: Size;
  /** Seeds what is left to chance. */
  readonly seed: number;
  /** Says what is under way. */
  readonly progress: (step: string) => void;
}

/** One cell of a table: a text, or a number that is shown with three significant digits. */
export type Cell = string | number;

/** A figure that the project holds itself to. */
export interface Target {
  readonly figure: string;
  readonly measured: number;
  readonly limit: 'at most' | 'at least';
  readonly bound: number;
  /** What both are counted in; empty for a ratio. */
  readonly unit: string;
}

/** Figures, one contestant a row. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What a benchmark found. */
export interface SubjectResult extends Table {
  readonly subject: string;
  /** Further tables. */
  readonly details?: readonly Table[];
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
  /** Files that belong to the result, by their name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A benchmark. */
export interface Subject {
  readonly name: string;
  readonly run: (context: RunContext) => Promise<SubjectResult>;
}

/** A result as programs read it: each target says whether it is met, and files stand elsewhere. */
export type PublishedResult = Omit<SubjectResult, 'files' | 'targets'> & {
  readonly targets: readonly (Target & { readonly met: boolean })[];
};

/** `result` for programs. */
export function published({ files: _files, targets, ...result }: SubjectResult): PublishedResult {
  return { ...result, targets: targets.map((target) => ({ ...target, met: isMet(target) })) };
}

/** Whether the figure is within its bound. */
export function isMet({ measured, limit, bound }: Target): boolean {
  return limit === 'at most' ? measured <= bound : measured >= bound;
}
