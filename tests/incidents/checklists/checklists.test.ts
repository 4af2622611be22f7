import { describe, expect, it } from 'vitest';
import { checklistsOf } from '../../../src/incidents/checklists/checklists.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { sampleIncident } from '../sample.ts';

const at = '2026-02-04T10:01:00.000Z';

function items(given: Partial<IncidentJson> = {}) {
  return new Map(
    checklistsOf(sampleIncident(given)).flatMap((list) => list.items.map((item) => [item.id, item] as const)),
  );
}

const ending = { endedAt: at, endedBy: null, endedText: 'over' };
const update = { at, by: 'Ada', text: 't', expectedRecoveryAt: null, nextUpdateAt: null };
const mitigation = {
  id: 'm-1',
  text: 'restart',
  hypothesis: null,
  stopgap: false,
  outcome: null,
  outcomeText: null,
  outcomeAt: null,
  by: 'Ada',
};

function notification(sink: string, result: 'delivered' | 'failed') {
  const end = { sink, result, at, tries: 1, detail: 'HTTP 500' };
  return { id: 'N', kind: 'opened', at, summary: 's', sinks: [end] } as const;
}

describe('what is asked for', () => {
  it('is only what applies', () => {
    expect([...items({ severity: 'Low' }).keys()]).toEqual([
      'contact.responders',
      'contact.announcement',
      'impact.affected',
      'impact.stopgap',
      'verification.repair-proven',
      'verification.nothing-else-broken',
    ]);
    const gone = { severity: 'Low', status: 'resolved', resolvedAt: at } as const;
    expect(items(gone).has('contact.announcement')).toBe(false);
    expect(items({ ...gone, mitigations: [{ ...mitigation, at }] }).has('contact.announcement')).toBe(true);
  });

  it('is one item for each policy that is hurt and each user of it', () => {
    const { impact } = sampleIncident();
    const hurt = items({
      impact: { ...impact, dependants: ['a', 'b'], usedBy: ['search', 'search'] },
      heldDependants: [
        { policy: 'b', incident: 'I-1', at },
        { policy: 'c', incident: 'I-2', at },
      ],
    });
    expect([...hurt.keys()].filter((id) => /^impact\.(policy|user)/.test(id))).toEqual([
      'impact.policy.a',
      'impact.policy.b',
      'impact.policy.c',
      'impact.user.search',
    ]);
  });
});

describe('contact', () => {
  it('knows that responders were told from receipts, contacts or an acknowledgement, not from the log', () => {
    const state = (given: Partial<IncidentJson>) => items(given).get('contact.responders');
    expect(state({ notifications: [notification('log', 'delivered')] })?.state).toBe('open');
    expect(state({ notifications: [notification('slack', 'failed')] })?.state).toBe('open');
    expect(state({ notifications: [notification('slack', 'delivered')] })).toMatchObject({
      state: 'done',
      at,
      by: null,
      reason: 'slack took it',
    });
    const contact = { at, by: 'Ada', contact: 'Grace', text: null };
    expect(state({ contacted: [{ ...contact, reached: false }] })?.state).toBe('open');
    expect(state({ contacted: [{ ...contact, reached: true }] })?.reason).toBe('Grace was told');
    const step = { at, status: 'acknowledged', by: 'Alan', reason: null, reopening: false } as const;
    expect(state({ steps: [step] })).toMatchObject({ by: 'Alan', reason: 'Alan acknowledged it' });
  });

  it('lists who was not reached, and what did not take the last notification', () => {
    const contact = { at, by: null, contact: 'Grace', text: null };
    const unreached = items({
      contacted: [{ ...contact, reached: false }],
      notifications: [notification('slack', 'failed')],
    });
    expect(unreached.get('contact.reach.Grace')).toMatchObject({ state: 'open', gates: null });
    expect(unreached.get('contact.sink.slack')).toMatchObject({ state: 'open', gates: null });
    const later = items({
      contacted: [
        { ...contact, reached: false },
        { ...contact, reached: true },
      ],
      notifications: [notification('slack', 'failed'), notification('slack', 'delivered')],
    });
    expect(later.get('contact.reach.Grace')?.state).toBe('done');
    expect(later.has('contact.sink.slack')).toBe(false);
  });

  it('takes an update for the announcement only when it came before the work', () => {
    const before = '2026-02-04T10:00:59.000Z';
    const after = '2026-02-04T10:01:01.000Z';
    const state = (began: string) =>
      items({ updates: [update], mitigations: [{ ...mitigation, at: began }] }).get('contact.announcement')
        ?.state;
    expect([state(before), state(after)]).toEqual(['open', 'done']);
    expect(items({ updates: [update] }).get('contact.announcement')?.state).toBe('done');
    const rehearsed = {
      at: before,
      by: 'Ada',
      runbook: 'r',
      step: 1,
      state: 'rehearsed',
      text: null,
    } as const;
    expect(items({ updates: [update], runbookSteps: [rehearsed] }).get('contact.announcement')?.state).toBe(
      'done',
    );
    const control = { at: before, by: 'Ada', text: 't', until: null, ended: false };
    const steered = (name: string) =>
      items({
        updates: [update],
        controls: [{ ...control, control: name, endedAt: null, endedBy: null, endedText: null }],
      });
    expect(steered('force-open').get('contact.announcement')?.state).toBe('open');
    expect(steered('drill').get('contact.announcement')?.state, 'the drill itself is no work').toBe('done');
    const began = { ...rehearsed, state: 'started' } as const;
    expect(items({ updates: [update], runbookSteps: [began] }).get('contact.announcement')?.state).toBe(
      'open',
    );
  });
});

describe('verification', () => {
  const proven = (given: Partial<IncidentJson>) => items(given).get('verification.repair-proven')?.state;
  const none = { circuit: null, burning: [], recoveredAt: null };
  const circuit = { state: 'closed', at, allClosed: true, byHand: false } as const;

  it('takes the repair as proven once the circuit is closed and no SLI burns', () => {
    expect(proven({})).toBe('open');
    expect(proven({ condition: { ...none, circuit } })).toBe('done');
    expect(proven({ condition: { ...none, circuit: { ...circuit, state: 'half-open' } } })).toBe('open');
    expect(proven({ condition: { ...none, circuit: { ...circuit, allClosed: false } } })).toBe('open');
    expect(proven({ condition: { ...none, circuit: { ...circuit, byHand: true } } })).toBe('open');
    expect(proven({ condition: { ...none, circuit, burning: [{ sli: 'latency', at }] } })).toBe('open');
    expect(proven({ condition: { ...none, recoveredAt: at } })).toBe('done');
    expect(proven({ condition: { ...none, recoveredAt: at, burning: [{ sli: 'latency', at }] } })).toBe(
      'open',
    );
    expect(proven({ condition: { ...none, recoveredAt: at, circuit: { ...circuit, state: 'open' } } })).toBe(
      'open',
    );
    const resolved = { at, status: 'resolved', by: null, reason: 'over', reopening: false } as const;
    expect(proven({ steps: [resolved] })).toBe('done');
    expect(proven({ steps: [{ ...resolved, by: 'Ada' }] })).toBe('open');
    expect(proven({ steps: [resolved, { ...resolved, status: 'declared', reopening: true }] })).toBe('open');
  });

  it('asks that what was done to policies for a time has ended', () => {
    const control = { at, by: 'Ada', control: 'force-open', text: 't', until: at, ended: true, ...ending };
    const state = (...controls: IncidentJson['controls']) =>
      items({ controls }).get('verification.controls')?.state;
    expect(state()).toBeUndefined();
    expect(state({ ...control, until: null, ended: false })).toBeUndefined();
    expect(state(control, { ...control, ended: false })).toBe('open');
    expect(state({ ...control }, control)).toBe('done');
  });
});

describe('what people said', () => {
  const said = (item: string, state: 'done' | 'waived' | 'open') =>
    items({
      checks: [{ at, by: 'Ada', item, state, reason: 'r' }],
      dataToRepair: [{ at, by: null, id: 'r-1', text: 't', doneAt: null, doneBy: null }],
    }).get(item);

  it('counts where the library sees nothing itself', () => {
    expect(said('impact.affected', 'done')).toMatchObject({
      state: 'done',
      by: 'Ada',
      reason: 'r',
      automatic: true,
    });
    expect(said('impact.affected', 'waived')?.state).toBe('waived');
    expect(said('verification.data.r-1', 'waived')?.state).toBe('waived');
    expect(said('verification.data.r-1', 'done')?.state).toBe('open');
  });
});
