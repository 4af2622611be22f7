/** What the application can do. There are two of each: through policies, and, for comparison, without. */
export interface Services {
  /** A row of the database. */
  findUser(id: number): Promise<User | undefined>;
  /** An answer of the upstream. */
  findQuote(id: number): Promise<Quote | undefined>;
}

export interface User {
  readonly id: number;
  readonly name: string;
}

export interface Quote {
  readonly id: number;
  readonly cents: number;
}

export const FIND_USER = 'select id, name from users where id = $1';

export function isQuote(value: unknown): value is Quote {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'number' &&
    'cents' in value &&
    typeof value.cents === 'number'
  );
}

/** The quote in an answer of the upstream; `undefined` where it knows none. */
export async function readQuote(response: Response): Promise<Quote | undefined> {
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The upstream answered ${response.status}.`);
  const quote: unknown = await response.json();
  if (!isQuote(quote)) throw new TypeError('The upstream answered something that is no quote.');
  return quote;
}

/** The number in a path; `undefined` where it is none that anything could be called by. */
export function readId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
