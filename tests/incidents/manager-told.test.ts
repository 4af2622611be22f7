import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/core/errors.ts';
import { SinkError } from '../../src/incidents/sink.ts';
import { type Harness, RecordingSink, resolveByHand, settle } from './fixtures.ts';
import { pass, sinksNamed, useHarnesses } from './manager-harness.ts';

const start = useHarnesses();

/** A harness whose reports of sinks that failed are expected. */
function forget(harness: Harness): void {
  expect(harness.reports.every(({ error }) => error instanceof SinkError)).toBe(true);
  harness.reports.length = 0;
}

function refusing(name: string): RecordingSink & { down: boolean } {
  const sink = Object.assign(
    new RecordingSink(name, () => {
      if (sink.down) throw new SinkError('nobody listens', 'permanent');
      return { detail: 'ok' };
    }),
    { down: true },
  );
  return sink;
}

describe('what is said of an incident that is over', () => {
  it('opens it nowhere: those who were told that it is over hear it, and nobody is reminded', async () => {
    const harness = start({ contacts: [{ name: 'ada', sinks: ['recorder'] }], escalateAfterMs: 60_000 });
    harness.policy();
    const { id } = harness.manager.declare({ policy: 'database', summary: 'down', by: 'Ada' });
    resolveByHand(harness.manager, id);
    harness.manager.do(id, { do: 'update', by: 'Ada', text: 'All clear.', nextUpdateMs: 1_000 });
    harness.manager.do(id, { do: 'severity', by: 'Ada', severity: 'Low', why: 'in hindsight' });
    await pass(3_600_000);
    expect(harness.sink.kinds()).toEqual(['opened', 'resolved', 'updated', 'updated']);
    expect(harness.sink.got.slice(2).map(({ incident }) => incident.status)).toEqual([
      'resolved',
      'resolved',
    ]);
    harness.manager.do(id, { do: 'reopen', by: 'Ada', reason: 'it is not' });
    await settle();
    expect(harness.sink.kinds().at(-1)).toBe('opened');
  });

  it('is told nobody where nobody was told of the incident', async () => {
    const harness = start();
    harness.policy();
    harness.manager.silence({ policies: ['database'], forMs: 60_000, by: 'Ada', reason: 'known' });
    const { id } = harness.manager.declare({ policy: 'database', summary: 'down', severity: 'Low' });
    resolveByHand(harness.manager, id);
    await pass(120_000);
    harness.manager.do(id, { do: 'update', by: 'Ada', text: 'All clear.' });
    await settle();
    expect(harness.sink.got).toEqual([]);
  });
});

describe('a sink that the beginning did not reach', () => {
  it('has the incident opened by what comes next, with what it is about', async () => {
    const [pager, log] = [refusing('pager'), new RecordingSink('log')];
    const harness = start({ sinks: [pager, log] });
    harness.policy();
    const { id } = harness.manager.declare({ policy: 'database', summary: 'No order can be paid' });
    await settle();
    pager.down = false;
    harness.manager.acknowledge(id, 'Ada');
    harness.manager.do(id, { do: 'update', by: 'Ada', text: 'Still looking.' });
    await settle();
    expect(pager.got.map(({ kind, summary }) => [kind, summary])).toEqual([
      ['opened', 'No order can be paid Latest: Ada works on it.'],
      ['updated', 'Still looking.'],
    ]);
    expect(log.got.map(({ kind, summary }) => [kind, summary])).toEqual([
      ['opened', 'No order can be paid'],
      ['updated', 'Ada works on it.'],
      ['updated', 'Still looking.'],
    ]);
    forget(harness);
  });

  it('has it opened once it can be reached, where what came next was on its way already', async () => {
    let fail = (): void => {};
    const pager: RecordingSink = new RecordingSink('pager', () => {
      if (pager.tries.length > 1) return { detail: 'ok' };
      return new Promise((_, reject) => {
        fail = () => reject(new SinkError('not now', 'permanent'));
      });
    });
    const harness = start({ sinks: [pager] });
    harness.policy();
    const { id } = harness.manager.declare({ policy: 'database', summary: 'down' });
    await settle();
    harness.manager.acknowledge(id, 'Ada');
    fail();
    await settle();
    expect(pager.kinds()).toEqual(['updated', 'opened']);
    harness.manager.do(id, { do: 'update', by: 'Ada', text: 'Still looking.' });
    await settle();
    expect(pager.kinds()).toEqual(['updated', 'opened', 'updated']);
    forget(harness);
  });
});

describe('the next level', () => {
  it('is told as of something new, at its time, also through a sink that knows', async () => {
    const sinks = sinksNamed('desk');
    const harness = start({
      sinks,
      contacts: ['ada', 'bob'].map((name) => ({ name, sinks: ['desk'] })),
      routes: [{ contacts: [['ada'], ['bob']] }],
      escalateAfterMs: 1_000,
    });
    harness.policy();
    harness.manager.declare({ policy: 'database', summary: 'down' });
    await pass(999);
    expect(sinks[0]?.kinds()).toEqual(['opened']);
    await pass(1);
    expect(sinks[0]?.kinds()).toEqual(['opened', 'opened']);
    expect(sinks[0]?.got[1]?.summary).toBe('Nobody acknowledged it within 1 s. down');
  });
});

describe('a change of a person that moves nothing', () => {
  it('is refused whoever made it, and told nobody', async () => {
    const harness = start();
    harness.policy();
    const { id } = harness.manager.declare({ policy: 'database', summary: 'down' });
    harness.manager.acknowledge(id, 'Ada');
    await settle();
    const told = harness.sink.kinds();
    expect(() => harness.manager.acknowledge(id, 'Bob')).toThrow(InvalidOptionsError);
    harness.manager.recordChanges(id, [{ type: 'acknowledged', at: Date.now(), by: 'Bob' }]);
    await settle();
    expect(harness.sink.kinds()).toEqual(told);
  });
});
