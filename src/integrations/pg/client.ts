import type { PoolClient } from 'pg';
import { callBack, isSubmittable, type QueryRequest, readRequest } from './request.ts';
import type { Session } from './session.ts';

/** What a client does in its own way; all else is the client's. */
export interface ClientConduct {
  /** Runs a statement. */
  readonly run: (request: QueryRequest) => Promise<unknown>;
  /** What replaces other members, by name. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** A client that looks like the session's own and conducts itself as told. */
export function conductedClient(session: Session, { run, members }: ClientConduct): PoolClient {
  const query = (...args: unknown[]): unknown => {
    const [config] = args;
    if (isSubmittable(config)) return session.pass(config);
    const request = readRequest(args);
    const running = run(request);
    if (request.callback === undefined) return running;
    callBack(running, request.callback);
    return undefined;
  };
  const own: Readonly<Record<string, unknown>> = { query, ...members };
  const bound = new Map<PropertyKey, unknown>();
  const proxy: PoolClient = new Proxy(session.client, {
    get(client, name) {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name];
      const known = bound.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(client, name, client);
      if (typeof member !== 'function' || name === 'constructor') return member;
      const method = (...args: unknown[]): unknown => {
        const returned: unknown = Reflect.apply(member, client, args);
        // A chained call stays on the client that conducts itself.
        return returned === client ? proxy : returned;
      };
      bound.set(name, method);
      return method;
    },
  });
  return proxy;
}
