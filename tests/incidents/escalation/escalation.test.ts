import { describe, expect, it } from 'vitest';
import { settle } from '../fixtures.ts';
import { pass, sinksNamed, useHarnesses } from '../manager-harness.ts';

const start = useHarnesses();
const MINUTES = 60_000;

function withLevels() {
  const sinks = sinksNamed('log', 'ada', 'bob', 'eve');
  const harness = start({
    sinks,
    contacts: ['ada', 'bob', 'eve'].map((name) => ({ name, sinks: [name] })),
    routes: [{ policies: ['data*'], contacts: [['ada'], ['bob', 'eve']] }],
  });
  const told = () => Object.fromEntries(sinks.map((sink) => [sink.name, sink.kinds()]));
  return { harness, policy: harness.policy(), told };
}

describe('escalation', () => {
  it('tells the next level when nobody acknowledges in time, to whom the incident then opens', async () => {
    const { harness, policy, told } = withLevels();
    policy.move('open');
    await pass(15 * MINUTES - 1);
    expect(told()).toEqual({ log: ['opened'], ada: ['opened'], bob: [], eve: [] });
    await pass(1);
    expect(told()).toEqual({ log: ['opened'], ada: ['opened'], bob: ['opened'], eve: ['opened'] });
    await pass(60 * MINUTES);
    policy.move('closed');
    await pass(MINUTES);
    expect(told().eve).toEqual(['opened', 'resolved']);
    expect(
      harness
        .only()
        .toJSON()
        .escalations.map(({ contact, level }) => [contact, level]),
    ).toEqual([
      ['ada', 1],
      ['bob', 2],
      ['eve', 2],
    ]);
  });

  it('ends when somebody acknowledges, and those who were told hear that', async () => {
    const { harness, policy, told } = withLevels();
    policy.move('open');
    await pass(10 * MINUTES);
    harness.manager.acknowledge(harness.only().id, 'Ada');
    await pass(30 * MINUTES);
    expect(harness.only().status).toBe('acknowledged');
    expect(told()).toEqual({
      log: ['opened', 'updated'],
      ada: ['opened', 'updated'],
      bob: [],
      eve: [],
    });
  });

  it('waits for the end of a silence', async () => {
    const { harness, policy, told } = withLevels();
    policy.move('open');
    await settle();
    harness.manager.silence({ forMs: 30 * MINUTES, by: 'Ada', reason: 'known' });
    await pass(29 * MINUTES);
    expect(told().bob).toEqual([]);
    await pass(MINUTES);
    expect(told().bob).toEqual(['opened']);
  });

  it('begins anew when the incident is back', async () => {
    const { policy, told } = withLevels();
    policy.move('open');
    policy.move('closed');
    await pass(2 * MINUTES);
    policy.move('open');
    await pass(15 * MINUTES);
    expect(told().ada).toEqual(['opened', 'resolved', 'opened']);
    expect(told().bob).toEqual(['opened']);
  });
});

describe('status updates', () => {
  it('are told, and reminded of when the next one is due', async () => {
    const harness = start();
    harness.policy().move('open');
    const { id } = harness.only();
    const update = { do: 'update', by: 'Ada', text: 'We switch over.' } as const;
    harness.manager.do(id, { ...update, nextUpdateMs: 30 * MINUTES });
    await pass(30 * MINUTES - 1);
    expect(harness.sink.kinds()).toEqual(['opened', 'updated']);
    await pass(1);
    expect(harness.sink.got[2]?.summary).toBe('A status update is due.');
    await pass(60 * MINUTES);
    expect(harness.sink.got).toHaveLength(3);
    harness.manager.do(id, update);
    await pass(60 * MINUTES);
    expect(harness.sink.got).toHaveLength(4);
  });
});
