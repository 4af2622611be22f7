/** What is wrong with a query. */
export interface QueryProblem {
  /** What is wrong, and what to write instead. */
  readonly message: string;
  /** Where it begins in the query, in UTF-16 code units from 0. */
  readonly offset: number;
}

/** Ends the check of a query at its first problem; never leaves this folder. */
export class QueryError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
