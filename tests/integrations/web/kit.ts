import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Breakwater, Policy } from '../../../src/index.ts';
import type { GuardContext } from '../../../src/integrations/express/index.ts';

/** A request as the contract's handlers see it, whatever the framework. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: GuardContext | undefined;
  setHeader(name: string, value: string): void;
  json(status: number, document: unknown): void;
}

export interface Route {
  readonly path: string;
  readonly policies: readonly Policy[];
  readonly handler: (visit: Visit) => unknown;
}

export interface Application {
  readonly breakwater: Breakwater;
  readonly routes?: readonly Route[];
  /** Whether this library's error handler is in place. Default true. */
  readonly handleErrors?: boolean;
  /** The application's own error handler; gives the status to answer with. */
  readonly onError?: (error: unknown) => number;
}

export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** A framework under the contract. */
export interface WebKit {
  readonly name: string;
  readonly guard: (policy: Policy) => unknown;
  serve(application: Application): Promise<Running>;
}
