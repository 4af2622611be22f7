import { describe, expect, it } from 'vitest';
import { AnnouncingSink, type Harness, settle, sloEvent } from './fixtures.ts';
import { pass, useHarnesses } from './manager-harness.ts';

const start = useHarnesses();
const drill = { policy: 'database', summary: 'game day', by: 'Ada', notify: true, holds: ['database'] };
const MINUTE = 60_000;

function play(): { readonly harness: Harness; readonly sink: AnnouncingSink; readonly id: string } {
  const sink = new AnnouncingSink();
  const harness = start({ sinks: [sink] });
  harness.policy();
  harness.policy('search');
  return { harness, sink, id: harness.manager.declareDrill(drill).id };
}

function real(harness: Harness): string[] {
  return harness.manager
    .list()
    .filter((incident) => !incident.drill)
    .map(({ trigger }) => trigger);
}

describe('what a drill that holds circuits open does to error budgets', () => {
  it('pages nobody, while it is played or after it, once nothing burns any more', async () => {
    const { harness, sink, id } = play();
    harness.events.emit('slo', sloEvent('burning'));
    harness.events.emit('slo', sloEvent('exhausted'));
    harness.events.emit('slo', sloEvent('frozen'));
    await pass(10 * MINUTE);
    expect(real(harness)).toEqual([]);
    expect(sink.statuses()).toEqual([]);
    const held = harness.manager.get(id)?.timeline.filter(({ kind }) => kind === 'held-back') ?? [];
    expect(held).toHaveLength(3);
    harness.manager.finishDrill(id, 'the drill is over');
    await settle();
    expect(sink.announced.map(({ event }) => event.summary)).toEqual([
      `It is frozen. It was told only after the drill ${id}, which had a part in it.`,
    ]);
    expect(
      harness.manager
        .get(id)
        ?.timeline.map(({ text }) => text)
        .join('\n'),
    ).toContain('is really spent');
    await pass(4 * MINUTE);
    harness.events.emit('slo', sloEvent('recovered'));
    await pass(60 * MINUTE);
    expect(real(harness)).toEqual([]);
    expect(sink.got.every(({ incident }) => incident.drill)).toBe(true);
  });

  it('is an incident once it burns on without the drill, spent budget and all', async () => {
    const { harness, id } = play();
    harness.events.emit('slo', sloEvent('burning'));
    harness.events.emit('slo', sloEvent('exhausted'));
    harness.manager.finishDrill(id, 'the drill is over');
    await pass(5 * MINUTE - 100);
    expect(real(harness)).toEqual([]);
    await pass(200);
    expect(real(harness)).toEqual(['slo']);
    const [incident] = harness.manager.open();
    expect(incident?.toJSON().timeline.filter(({ kind }) => kind === 'slo')).toHaveLength(2);
  });

  it('is not taken for new where the alert comes just after the drill', async () => {
    const { harness, id } = play();
    harness.manager.finishDrill(id, 'the drill is over');
    await pass(MINUTE);
    harness.events.emit('slo', sloEvent('burning'));
    expect(real(harness)).toEqual([]);
    await pass(4 * MINUTE + 100);
    expect(real(harness)).toEqual(['slo']);
  });

  it('hides neither other policies nor an incident that is open', async () => {
    const { harness, id } = play();
    harness.events.emit('slo', sloEvent('burning', { policy: 'search' }));
    expect(real(harness)).toEqual(['slo']);
    harness.manager.declare({ policy: 'database', summary: 'It is slow, too' });
    harness.events.emit('slo', sloEvent('burning'));
    expect(harness.manager.open().at(-1)?.toJSON().condition.burning).toHaveLength(1);
    harness.manager.finishDrill(id, 'the drill is over');
    await pass(1);
  });

  it('announces nothing that was taken back meanwhile', async () => {
    const { harness, sink, id } = play();
    harness.events.emit('slo', sloEvent('frozen'));
    harness.events.emit('slo', sloEvent('thawed'));
    harness.manager.finishDrill(id, 'the drill is over');
    await settle();
    expect(sink.announced).toEqual([]);
  });
});

describe('a drill that only watches', () => {
  it('holds nothing back', async () => {
    const harness = start();
    harness.policy();
    const { id } = harness.manager.declareDrill({ ...drill, holds: [] });
    harness.events.emit('slo', sloEvent('burning'));
    expect(real(harness)).toEqual(['slo']);
    harness.manager.finishDrill(id, 'over');
    await settle();
  });
});
