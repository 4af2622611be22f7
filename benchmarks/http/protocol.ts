/** The frameworks that are served. */
export const frameworks = ['express', 'fastify'] as const;
export type Framework = (typeof frameworks)[number];

/** A route: what it asks, and whether it has a guard and a wrapped call. */
export interface Route {
  readonly path: string;
  /** `remote` asks a dependency over loopback TCP; `instant` has its answer at once, so that nothing else costs time. */
  readonly operation: 'remote' | 'instant';
  readonly guarded: boolean;
}

/** The routes of each framework: the same handlers, with and without. */
export const routes: readonly Route[] = [
  { path: '/remote/bare', operation: 'remote', guarded: false },
  { path: '/remote/guarded', operation: 'remote', guarded: true },
  { path: '/instant/bare', operation: 'instant', guarded: false },
  { path: '/instant/guarded', operation: 'instant', guarded: true },
];

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
