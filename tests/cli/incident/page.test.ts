import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { nextSteps } from '../../../src/cli/commands/incident/page/next.ts';
import { pageText } from '../../../src/cli/commands/incident/page/page.ts';
import type { IncidentJson } from '../../../src/incidents/incident/document.ts';
import { sampleIncident } from '../../incidents/sample.ts';
import { CapturedTerminal } from '../support.ts';

const at = '2026-02-04T10:01:00.000Z';
const now = Date.parse('2026-02-04T10:20:00.000Z');

function show(incident: IncidentJson, columns?: number, timeline = 15): string {
  const options = { now, suffix: '', timeline, folder: 'journal/incidents/x' };
  return pageText(new CapturedTerminal({ columns, isTTY: columns !== undefined }), incident, options);
}

const item = {
  id: 'contact.responders',
  text: 'Those on call were told',
  gates: 'mitigated',
  state: 'open',
  automatic: false,
  at: null,
  by: null,
  reason: null,
} as const;

const next = (incident: IncidentJson, time = now) => nextSteps(incident, time).map(({ text }) => text);

describe('what is next', () => {
  it('is that nobody has acknowledged it', () => {
    expect(nextSteps(sampleIncident(), now)[0]).toEqual({
      text: 'Nobody has acknowledged it for 20 min.',
      urgent: true,
      command: 'ack INC-20260204-001-9f3a01bc',
    });
    const acknowledged = sampleIncident({ acknowledgedAt: at, status: 'acknowledged' });
    expect(next(acknowledged)).not.toContainEqual(expect.stringContaining('acknowledged it'));
  });

  it('is an update from the moment when it is due', () => {
    const update = {
      at,
      by: 'alice',
      text: 'We look',
      expectedRecoveryAt: null,
      nextUpdateAt: '2026-02-04T10:10:00.000Z',
    };
    const incident = sampleIncident({ updates: [update] });
    expect(next(incident)).toContain('A status update was due 10 min ago.');
    const due = Date.parse(update.nextUpdateAt);
    expect(next(incident, due)).toContain('A status update was due 0 ms ago.');
    expect(next(incident, due - 1)).not.toContainEqual(expect.stringContaining('was due'));
    const later = { ...update, nextUpdateAt: null };
    expect(next(sampleIncident({ updates: [update, later] }))).not.toContainEqual(
      expect.stringContaining('was due'),
    );
  });

  it('is what stands before the next step only', () => {
    const checklists = [
      {
        name: 'contact',
        items: [
          item,
          { ...item, id: 'contact.done', state: 'done' },
          { ...item, id: 'impact.x', text: 'Look at search', gates: 'resolved' },
        ],
      },
    ] as const;
    expect(next(sampleIncident({ checklists }))).toContain('Before mitigated: Those on call were told');
    expect(next(sampleIncident({ checklists }))).not.toContain('Before resolved: Look at search');
    const mitigated = sampleIncident({ checklists, status: 'mitigated', acknowledgedAt: at });
    expect(next(mitigated)).toContain('Before resolved: Look at search');
    const resolved = sampleIncident({ checklists, status: 'resolved', acknowledgedAt: at });
    // What it resolved by itself without is asked for then.
    expect(next(resolved)).toContain('Before closed: Those on call were told');
    expect(next(resolved)).toContain('Before closed: Look at search');
    expect(next(sampleIncident({ status: 'resolved' }))).toContain('Nothing stands before closed.');
    expect(next(sampleIncident({ checklists, status: 'closed' }))).toEqual([]);
  });

  it('has commands that a shell takes as they are, whatever is in them', () => {
    const checklists = [
      { name: 'contact', items: [{ ...item, id: "impact.policy.$(reboot) 'x'" }] },
    ] as const;
    const commands = nextSteps(sampleIncident({ checklists }), now).map(({ command }) => command);
    expect(commands).toContain("check INC-20260204-001-9f3a01bc 'impact.policy.$(reboot) '\\''x'\\'''");
  });

  it('asks for the note that an item needs', () => {
    const proven = { ...item, id: 'verification.repair-proven', gates: 'resolved' } as const;
    const incident = sampleIncident({
      status: 'mitigated',
      acknowledgedAt: at,
      checklists: [{ name: 'verification', items: [proven] }],
    });
    expect(nextSteps(incident, now).map(({ command }) => command)).toContain(
      "check INC-20260204-001-9f3a01bc verification.repair-proven --note 'HOW'",
    );
  });

  it('is the step where a runbook was halted, until it goes on', () => {
    const step = { at, by: 'bob', runbook: 'failover', step: 2, text: 'the replica is behind' };
    const halted = sampleIncident({ runbookSteps: [{ ...step, state: 'surprise' }] });
    expect(next(halted)).toContain("'failover' is halted by a surprise at step 2: the replica is behind");
    const resumed = sampleIncident({
      runbookSteps: [
        { ...step, state: 'surprise' },
        { ...step, state: 'resumed' },
      ],
    });
    expect(next(resumed)).not.toContainEqual(expect.stringContaining('halted'));
  });

  it('is a stopgap that is neither undone nor an action', () => {
    const mitigation = {
      id: 'm-1111',
      at,
      by: 'bob',
      text: 'pool raised to 40',
      hypothesis: null,
      stopgap: true,
      outcome: 'helped',
      outcomeText: 'fewer errors',
      outcomeAt: at,
    } as const;
    const left = (given: Partial<IncidentJson>) =>
      next(sampleIncident({ status: 'resolved', mitigations: [mitigation], ...given }));
    expect(left({})).toContain('A stopgap is still there: pool raised to 40');
    expect(left({ mitigations: [{ ...mitigation, outcome: 'undone' }] })).not.toContainEqual(
      expect.stringContaining('stopgap'),
    );
  });
});

describe('the page', () => {
  const full = sampleIncident({
    impact: {
      during: {
        calls: 12_034,
        failed: 310,
        timedOut: 21,
        rejected: 4_021,
        retried: 800,
        servedStale: 7_000,
        servedFallback: 0,
      },
      latency: { p50BeforeMs: 12.3456, p99BeforeMs: 80, p50DuringMs: 200, p99DuringMs: 2_000 },
      budget: [
        { sli: 'availability', objective: 0.999, remainingBefore: 0.9, remainingAfter: 0.4, spent: 0.5 },
      ],
      errors: [{ kind: 'DatabaseError 57P01', count: 301, sample: 'terminating', traceId: 'abc' }],
      otherErrors: 30,
      dependants: ['checkout', 'search'],
      usedBy: ['shop front'],
    },
    timeline: Array.from({ length: 30 }, (_, n) => ({
      at: new Date(Date.parse(at) + n * 3_600_000).toISOString(),
      kind: 'noted',
      text: `entry ${n}`,
    })),
    files: [{ at, collector: 'log', file: 'application.log', bytes: 100, truncated: true, error: null }],
  });

  it('says what is hurt with numbers', () => {
    const page = show(full);
    expect(page).toContain(
      'Calls         12,034 since it began: 310 failed, 21 timed out, 4,021 rejected, 7,000 served stale, 800 retries (36.2% got no answer)\n',
    );
    expect(page).toContain('p50 200 ms (before 12.3 ms), p99 2000 ms (before 80 ms)');
    expect(page).toContain('50% of the error budget spent, 40% left, 90% before');
    expect(page).toContain('301 x DatabaseError 57P01: terminating (trace abc)');
    expect(page).toContain('checkout, search depend on database');
    expect(page).toContain('application.log  100 bytes, cut');
  });

  it('has the latest of the timeline, or all, with each day once', () => {
    const latest = show(full, undefined, 5);
    expect(latest).toContain('Timeline (UTC), the latest 5 of 30');
    expect(latest).not.toContain('entry 24\n');
    expect(latest).toMatch(/entry 25\n[\s\S]*entry 29\n/);
    const all = show(full, undefined, Number.POSITIVE_INFINITY);
    expect(all).toContain('Timeline (UTC)\n  2026-02-04\n  10:01:00  entry 0\n');
    expect(all.match(/^ {2}2026-02-05$/gm)).toHaveLength(1);
  });

  it.each([60, 80, 120])('fits %i columns, but for what is to be copied', (columns) => {
    const lines = show(full, columns)
      .split('\n')
      .filter((line) => !line.includes('breakwater incident'));
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
  });

  it('tells a file that was written again once, and a control with its end', () => {
    const file = { at, collector: 'log', file: 'application.log', truncated: false, error: null };
    const control = {
      at: '2026-02-04T10:05:00.000Z',
      by: 'Bob',
      control: 'force-open',
      text: 'All calls are turned away.',
      until: '2026-02-04T10:15:00.000Z',
      ended: true,
      endedAt: '2026-02-04T10:10:00.000Z',
      endedBy: 'Alice',
      endedText: 'It is over: ended by hand.',
    };
    const page = show(
      sampleIncident({
        files: [
          { ...file, bytes: 100 },
          { ...file, bytes: 300 },
        ],
        controls: [control],
      }),
    );
    expect(page.match(/application\.log.*/g)).toEqual(['application.log  300 bytes']);
    expect(page).toContain('  10:05:00  force-open: All calls are turned away. (Bob)\n');
    expect(page).toContain('  10:10:00  force-open ended: It is over: ended by hand. (Alice)\n');
  });

  it('writes what would move the cursor as an escape, everywhere', () => {
    const evil = 'x\u001b[2J\u202e\r\n\u0007y';
    const replaced = (_: string, value: unknown) =>
      typeof value === 'string' && !/^\d{4}-\d\d-/.test(value) && !/^[a-z-]+$/.test(value) ? evil : value;
    const hostile: IncidentJson = JSON.parse(JSON.stringify(full), replaced);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(show(hostile, 80)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(show(hostile, 80)).toContain('x\\u001b[2J\\u202e\\u000d\\u000a\\u0007y');
  });

  it('has colours on a terminal only', () => {
    const options = { now, suffix: '', timeline: 5, folder: 'x' };
    const coloured = pageText(
      new CapturedTerminal({ isTTY: true, columns: 80, colors: true }),
      full,
      options,
    );
    expect(coloured).toContain('\u001b[31mHigh\u001b[39m');
    expect(show(full)).not.toContain('\u001b');
  });
});
