import { type Import, importsOf, type SourceTree } from './source-tree.ts';

/** The areas of `src/`, in the order in which imports may point: from a later step to an earlier one. */
const steps: readonly (readonly string[])[] = [
  ['core'],
  ['strategies', 'metrics'],
  ['slo'],
  ['incidents'],
  ['hub'],
  ['web'],
  ['integrations'],
  ['cli'],
];

const hubFiles = [
  'breakwater.ts',
  'hub-options.ts',
  'incident-control.ts',
  'internal-error-log.ts',
  'members.ts',
  'policy-options.ts',
  'risk-log.ts',
  'snapshot.ts',
  'update-log.ts',
  'version.ts',
  'index.ts',
];

/** Folders whose children never import each other, and the one file beside them that may import several. */
const siblings = [
  { folder: 'strategies', table: 'strategies/standard.ts' },
  { folder: 'incidents/sinks', table: undefined },
  { folder: 'integrations', table: undefined },
];

/** Packages that only some places may import. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@lezer/common': ['slo/promql/'],
  '@opentelemetry/api': ['integrations/otel/'],
  '@prometheus-io/lezer-promql': ['slo/promql/'],
  commander: ['cli/'],
  express: ['integrations/express/'],
  fastify: ['integrations/fastify/'],
  'fastify-plugin': ['integrations/fastify/'],
  pg: ['integrations/pg/'],
  ioredis: ['integrations/redis/'],
  'prom-client': ['metrics/', 'breakwater.ts'],
  re2js: ['slo/promql/'],
  'string-width': ['cli/'],
  yaml: ['slo/', 'cli/'],
};

/** Files that each child of a folder has. */
const roles: Readonly<Record<string, readonly string[]>> = {
  strategies: ['index.ts', 'options.ts', 'strategy.ts'],
  'incidents/sinks': ['options.ts', 'sink.ts'],
  integrations: ['index.ts'],
};

const MAX_LINES = 350;

/** Where a source tree breaks DESIGN section 2, one sentence each. */
export function violations(tree: SourceTree): string[] {
  const imports = [...tree].flatMap(([path, text]) => importsOf(path, text));
  return [
    ...[...tree.keys()].filter((path) => stepOf(path) === -1).map((path) => `${path} is in no known area`),
    ...imports.flatMap((found) => problemWith(found, tree)),
    ...missingRoles(tree),
    ...[...tree]
      .map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path} has ${lines} lines, more than ${MAX_LINES}`),
    ...cycles(imports),
  ];
}

function problemWith({ from, to, isPackage }: Import, tree: SourceTree): string[] {
  if (isPackage) {
    const allowed = homes[to];
    return allowed === undefined || allowed.some((home) => from.startsWith(home))
      ? []
      : [`${from} imports the package ${to}, which is for ${allowed.join(' and ')} only`];
  }
  if (!tree.has(to)) return [`${from} imports ${to}, which is not a file of src/`];
  if (stepOf(from) === -1) return [];
  if (areaOf(from) !== areaOf(to)) {
    return stepOf(to) < stepOf(from) ? [] : [`${from} imports ${to}, which does not stand to its left`];
  }
  return siblings.flatMap(({ folder, table }) => {
    const child = childOf(from, folder);
    if (child === undefined) return [];
    const other = childOf(to, folder);
    return to === table || (other !== undefined && other !== child)
      ? [`${from} imports ${to}, which stands beside it`]
      : [];
  });
}

function areaOf(path: string): string {
  const slash = path.indexOf('/');
  if (slash !== -1) return path.slice(0, slash);
  return hubFiles.includes(path) ? 'hub' : '';
}

function stepOf(path: string): number {
  return steps.findIndex((areas) => areas.includes(areaOf(path)));
}

/** The folder directly below `folder` that holds `path`. */
function childOf(path: string, folder: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const [child, ...rest] = path.slice(folder.length + 1).split('/');
  return rest.length === 0 ? undefined : child;
}

function missingRoles(tree: SourceTree): string[] {
  const paths = [...tree.keys()];
  return Object.entries(roles).flatMap(([folder, files]) => {
    const children = new Set(paths.flatMap((path) => childOf(path, folder) ?? []));
    return [...children].flatMap((child) =>
      files
        .map((file) => `${folder}/${child}/${file}`)
        .filter((path) => !tree.has(path))
        .map((path) => `${path} is missing`),
    );
  });
}

/** Circles of imports that are left at run time, each told once. */
function cycles(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, isPackage, erased } of imports) {
    if (!isPackage && !erased) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      found.push(`imports go in a circle: ${[...trail.slice(at), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return found;
}
