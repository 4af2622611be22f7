import { shown, suggest } from '../../core/options.ts';
import { parseDocuments, type SpecDocument } from './document.ts';
import type { SloSpec } from './model.ts';
import { readOpenSlo } from './openslo/read.ts';
import { OPENSLO_VERSION } from './openslo/schema.ts';
import { readOwn } from './own-format.ts';
import { SpecError, type SpecProblem } from './problems.ts';
import { OWN_VERSION } from './schema.ts';
import { hasKey, isMapping } from './shapes.ts';
import { readSloth } from './sloth/read.ts';
import { SLOTH_VERSION } from './sloth/schema.ts';

/** A format, told by its header, and what reads it. */
interface Format {
  readonly key: 'version' | 'apiVersion';
  readonly value: string;
  /** Whether a file may hold several documents. */
  readonly several: boolean;
  read(documents: readonly [SpecDocument, ...SpecDocument[]]): SloSpec;
}

const formats: readonly Format[] = [
  { key: 'version', value: OWN_VERSION, several: false, read: ([document]) => readOwn(document) },
  { key: 'version', value: SLOTH_VERSION, several: false, read: ([document]) => readSloth(document) },
  { key: 'apiVersion', value: OPENSLO_VERSION, several: true, read: readOpenSlo },
];

const headers = formats.map(({ key, value }) => `${key}: ${value}`).join(', ');

/**
 * Reads a spec file: breakwater's own format (`version: breakwater/v1`), sloth's (`version: prometheus/v1`) or OpenSLO's
 * (`apiVersion: openslo/v1`, of one or more documents), told apart by their headers.
 *
 * @throws {SpecError} with all that is wrong, by line and column
 */
export function readSpec(text: string): SloSpec {
  const documents = parseDocuments(text);
  const [first, second] = documents;
  const format = formatOf(first);
  if (second !== undefined && !format.several) {
    throw new SpecError([second.problem([], 'is a second document; a spec of this format is one document')]);
  }
  return format.read(documents);
}

function formatOf(document: SpecDocument): Format {
  const { value } = document;
  const format = formats.find(
    ({ key, value: expected }) => isMapping(value) && hasKey(value, key) && value[key] === expected,
  );
  if (format !== undefined) return format;
  throw new SpecError([unknownFormat(document)]);
}

function unknownFormat(document: SpecDocument): SpecProblem {
  const { value } = document;
  if (!isMapping(value)) return document.problem([], `must be a mapping that starts with one of ${headers}`);
  const key = hasKey(value, 'apiVersion') ? 'apiVersion' : 'version';
  if (!hasKey(value, key)) return document.problem([], `has no header; it starts with one of ${headers}`);
  const given = value[key];
  const known = formats.filter((format) => format.key === key).map((format) => format.value);
  const suggestion = typeof given === 'string' ? suggest(given, known) : undefined;
  const hint = suggestion === undefined ? `there are ${headers}` : `did you mean ${suggestion}?`;
  return document.problem([key], `${shown(given)} is no format known here; ${hint}`);
}
