/** The frameworks that are served. */
export const frameworks = ['express', 'fastify'] as const;
export type Framework = (typeof frameworks)[number];

/** The routes of each: the same handler, with and without a guard and a wrapped call. */
export const routes = ['/bare', '/guarded'] as const;
export type Route = (typeof routes)[number];

/** What the server process says once it listens. */
export interface Listening {
  readonly ports: Readonly<Record<Framework, number>>;
}

/** What the server process has done so far. */
export interface ServerUse {
  /** Microseconds of processor time since its start. */
  readonly cpuMicroseconds: number;
  /** How often the dependency was asked. */
  readonly lookups: number;
  /** Successful calls of each policy. */
  readonly calls: Readonly<Record<string, number>>;
}
