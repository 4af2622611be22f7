import type { Judgement, Verdict } from '../../core/verdict.ts';

/**
 * Verdicts by SQLSTATE: the whole code first, then its class, the first two characters. Source: PostgreSQL's
 * documentation, appendix A, "PostgreSQL Error Codes".
 */
const verdictsByCode: Readonly<Record<string, Verdict>> = {
  '40002': 'refused',
  '25006': 'permanent',
  '55P03': 'transient',
  '57P04': 'defect',
  '72000': 'transient',
};

const verdictsByClass: Readonly<Record<string, Verdict>> = {
  '03': 'defect',
  '08': 'transient',
  '0A': 'defect',
  '0B': 'defect',
  '0F': 'defect',
  '0L': 'defect',
  '0P': 'defect',
  '0Z': 'defect',
  '24': 'defect',
  '25': 'defect',
  '26': 'defect',
  '28': 'defect',
  '2B': 'defect',
  '2D': 'defect',
  '34': 'defect',
  '3B': 'defect',
  '3D': 'defect',
  '3F': 'defect',
  '40': 'transient',
  '42': 'defect',
  '53': 'transient',
  '54': 'defect',
  '57': 'transient',
  '58': 'transient',
  F0: 'permanent',
  HV: 'transient',
  XX: 'permanent',
};

/**
 * The server said so before it began (57P03 cannot_connect_now, 53300 too_many_connections), or took the statement
 * and its whole transaction back (40001 serialization_failure, 40P01 deadlock_detected).
 */
const neverTookEffect: ReadonlySet<string> = new Set(['57P03', '53300', '40001', '40P01']);

/** Whether the server took the whole transaction back, so that it may be begun again. */
export function isRolledBackForConcurrency(code: string | undefined): boolean {
  return code === '40001' || code === '40P01';
}

/** The SQLSTATE that an error carries, if any. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  // Node's own codes of five letters (EPIPE) hold no digit; every SQLSTATE holds one.
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * What an answer of the server means. Data errors (22), violated constraints (23), what a statement or a function
 * of the application's own raised (P0, 44, and any class that PostgreSQL does not define) are `refused`: the
 * dependency works.
 */
export function judgeSqlState(code: string): Judgement {
  const verdict = verdictsByCode[code] ?? verdictsByClass[code.slice(0, 2)] ?? 'refused';
  return { verdict, safeToRepeat: neverTookEffect.has(code) };
}
