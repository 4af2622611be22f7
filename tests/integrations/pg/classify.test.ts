import { afterEach, describe, expect, it } from 'vitest';
import { TimeoutError } from '../../../src/index.ts';
import { classifyPg, guardClassify } from '../../../src/integrations/pg/classify.ts';
import { Committed } from '../../../src/integrations/pg/committed.ts';
import { settleJudgement } from '../../../src/integrations/pg/judgements.ts';
import { errorOf, testHub } from '../../support.ts';

const codeError = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code });
const judge = (error: unknown) => classifyPg({ ok: false, error });

/** Every class of PostgreSQL 18's appendix A that is an error, with what the issue and the design make of it. */
const table = {
  transient: [
    '08000',
    '08003',
    '08006',
    '08001',
    '08004',
    '08007',
    '08P01',
    '40000',
    '40003',
    '53000',
    '53100',
    '53200',
    '53400',
    '55P03',
    '57000',
    '57014',
    '57P01',
    '57P02',
    '57P05',
    '58000',
    '58030',
    '58P01',
    '72000',
    'HV00N',
  ],
  permanent: ['25006', 'F0000', 'XX000', 'XX001', 'XX002'],
  defect: [
    '28000',
    '28P01',
    '42501',
    '42601',
    '42703',
    '42P01',
    '0A000',
    '25001',
    '25P02',
    '26000',
    '3D000',
    '3F000',
    '54001',
    '57P04',
  ],
  refused: [
    '22001',
    '22012',
    '22P02',
    '23502',
    '23503',
    '23505',
    '23514',
    '23P01',
    '40002',
    '21000',
    '27000',
    '44000',
    '55000',
    '55006',
    'P0001',
    'P0002',
    'AB123',
  ],
} as const;

describe('classifyPg', () => {
  for (const [verdict, codes] of Object.entries(table)) {
    it.each(codes)(`takes %s for ${verdict}, and not for safe to repeat`, (code) => {
      expect(judge(codeError(code))).toEqual({ verdict, safeToRepeat: false });
    });
  }

  it.each(['57P03', '53300', '40001', '40P01'])('takes %s for transient and without effect', (code) => {
    expect(judge(codeError(code))).toEqual({ verdict: 'transient', safeToRepeat: true });
  });

  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT'])(
    'takes %s for transient, after which nobody knows what was done',
    (code) => expect(judge(codeError(code))).toEqual({ verdict: 'transient', safeToRepeat: false }),
  );

  it('takes a refused connection, also to several addresses, for transient and without effect', () => {
    const several = Object.assign(new AggregateError([new Error('::1')]), { code: 'ECONNREFUSED' });
    for (const error of [codeError('ECONNREFUSED'), several]) {
      expect(judge(error)).toEqual({ verdict: 'transient', safeToRepeat: true });
    }
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Connection terminated',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Client has encountered a connection error and is not queryable',
    'Query read timeout',
  ])("takes pg's '%s' for transient", (message) => {
    expect(judge(new Error(message))).toEqual({ verdict: 'transient' });
  });

  it.each([
    'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
    'The server does not support SSL connections',
    'Cannot use a pool after calling end on the pool',
    'Query values must be an array',
  ])("takes pg's '%s' for a defect", (message) => {
    expect(judge(new Error(message))).toEqual({ verdict: 'defect' });
  });

  it('leaves to the default what comes from neither Node nor PostgreSQL', () => {
    expect(judge(new TimeoutError('db', 10, 'attempt'))).toBeUndefined();
    expect(judge(new Error('something else'))).toBeUndefined();
    expect(judge(codeError('EPERM'))).toBeUndefined();
    expect(judge(codeError('abcde'))).toBeUndefined();
    expect(classifyPg({ ok: true, value: {} })).toBeUndefined();
  });

  it('is overruled by what is known of where an error came from', () => {
    const error = codeError('40001');
    settleJudgement(error, { verdict: 'transient', safeToRepeat: false });
    expect(judge(error)).toEqual({ verdict: 'transient', safeToRepeat: false });
  });

  it("takes what is no object for the doing of a transaction's own work", () => {
    expect(judge('enough')).toEqual({ verdict: 'ignored' });
  });
});

describe('guardClassify', () => {
  it('cannot make repeatable what must not be repeated', () => {
    const eager = guardClassify(() => ({ verdict: 'transient', safeToRepeat: true }));
    const inTransaction = codeError('08006');
    settleJudgement(inTransaction, { verdict: 'transient', safeToRepeat: false });
    expect(eager({ ok: false, error: inTransaction })).toEqual({ verdict: 'transient', safeToRepeat: false });
    expect(eager({ ok: false, error: codeError('08006') })).toEqual({
      verdict: 'transient',
      safeToRepeat: true,
    });
  });

  it('is not asked about a committed transaction', () => {
    const hostile = guardClassify(() => 'transient');
    expect(hostile({ ok: true, value: new Committed(1) })).toBe('success');
    expect(hostile({ ok: true, value: { rows: [] } })).toBe('transient');
  });
});

describe('within a policy', () => {
  const hubs = [testHub()];
  afterEach(() => Promise.all(hubs.map((hub) => hub.close())));

  it('feeds the counters by verdict', async () => {
    const policy = hubs[0]?.policy('db', { circuitBreaker: false });
    if (policy === undefined) throw new Error('no policy');
    for (const code of ['23505', '42P01', '25006', '57P01']) {
      await errorOf(policy.execute(() => Promise.reject(codeError(code)), { classify: classifyPg }));
    }
    expect(policy.stats().attempts).toMatchObject({ refused: 1, defect: 1, failure: 2 });
  });
});
