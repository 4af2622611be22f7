import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What a result was measured on and with. */
export interface Environment {
  readonly machine: string;
  readonly node: string;
  /** Versions of this library and of those that it was compared with. */
  readonly packages: Readonly<Record<string, string>>;
  readonly date: string;
  readonly command: string;
}

const compared = ['opossum', 'p-retry', 'p-timeout', 'cockatiel', 'prom-client', 'express', 'fastify'];

/** This machine, with its libraries. */
export function environmentOf(root: string, command: string): Environment {
  const processors = cpus();
  return {
    machine: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}, ${process.platform} ${process.arch}`,
    node: process.version,
    packages: {
      breakwater: versionOf(root),
      ...Object.fromEntries(compared.map((name) => [name, versionOf(`${root}/node_modules/${name}`)])),
    },
    date: new Date().toISOString().slice(0, 10),
    command,
  };
}

function versionOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
