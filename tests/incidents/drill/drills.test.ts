import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { isBreakwaterError } from '../../../src/core/errors.ts';
import { Drills } from '../../../src/incidents/drill/drills.ts';
import type { DrillReport } from '../../../src/incidents/drill/progress.ts';
import type { ScenarioDraft } from '../../../src/incidents/drill/scenario.ts';
import { drillPlan, drillProgress, drillReport } from '../../../src/incidents/drill/wire.ts';
import { sampleIncident } from '../sample.ts';
import { type FakeCircuit, FakeDrillPorts, scenario } from './ports.ts';

/** One connection to an application in which drills are played. */
class Stage {
  readonly ports: FakeDrillPorts;
  readonly drills: Drills;
  connection = new AbortController();
  readonly texts: string[] = [];
  report: DrillReport | undefined = undefined;

  constructor(policies?: Readonly<Record<string, number>>) {
    this.ports = new FakeDrillPorts(policies);
    this.drills = new Drills(this.ports);
  }

  start(given: Partial<ScenarioDraft> = {}, { anyway = false } = {}) {
    const emit = (event: string, data: unknown): void => {
      if (event === 'drill') this.texts.push(drillProgress.parse(data).text);
      else this.report = drillReport.parse(JSON.parse(JSON.stringify(data)));
    };
    const request = { scenario: scenario(given), by: 'alice', anyway };
    return this.drills.start(request, { emit, ended: this.connection.signal });
  }

  get circuit(): FakeCircuit {
    const [circuit] = this.ports.circuits.get('database') ?? [];
    if (circuit === undefined) throw new Error('there is no circuit');
    return circuit;
  }

  /** All steps as people who know their work take them. */
  async playWell(): Promise<void> {
    this.ports.notified({ log: 'delivered' });
    await vi.advanceTimersByTimeAsync(30_000);
    this.ports.step('acknowledged');
    await vi.advanceTimersByTimeAsync(30_000);
    this.ports.step('mitigated');
    await vi.advanceTimersByTimeAsync(30_000);
    this.circuit.move('closed');
    this.ports.verified();
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (isBreakwaterError(error, 'INVALID_OPTIONS')) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a drill', () => {
  it('opens, is told of, watches what people do, and undoes what it did', async () => {
    const stage = new Stage();
    const { incident } = stage.start({ instructions: [{ afterMs: 45_000, text: 'Post an update.' }] });
    expect(stage.circuit).toMatchObject({ state: 'forced-open' });
    expect(stage.circuit.reasons).toEqual(['a drill by alice: Game day of database']);
    expect(stage.ports.declared).toMatchObject([{ policy: 'database', by: 'alice', notify: true }]);
    await stage.playWell();
    expect(stage.report).toMatchObject({
      incident,
      verdict: 'passed',
      ended: 'completed',
      recovery: ['Roll back: kubectl rollout undo deployment/shop'],
      undone: ["The circuit of 'database' tries the dependency again."],
    });
    const took = stage.report?.score.steps.map(({ tookMs }) => tookMs);
    expect(took).toEqual([null, 250, 30_250, 60_250, 90_250]);
    expect(stage.circuit.state).toBe('closed');
    expect(stage.ports.finished).toEqual([
      { id: incident, reason: 'The drill is over. Every step is done.' },
    ]);
    expect(stage.texts).toContain('Post an update.');
    expect(stage.ports.recorded).toMatchObject([
      { type: 'steered', by: 'alice', ended: false },
      { type: 'steered', ended: true },
    ]);
    expect(stage.ports.reports).toEqual([]);
  });

  it('has the circuits try the dependency once it is said to be mitigated, and closes them at its end', async () => {
    const stage = new Stage();
    stage.start();
    stage.ports.step('mitigated');
    await vi.advanceTimersByTimeAsync(300);
    expect(stage.circuit.state).toBe('half-open');
    await vi.advanceTimersByTimeAsync(1_000);
    stage.connection.abort();
    expect(stage.circuit.state).toBe('closed');
    expect(stage.report?.undone).toEqual([
      "The circuit of 'database' tries the dependency again.",
      "The circuit of 'database' is closed again.",
    ]);
  });

  it('leaves a circuit that tried and failed as it is', async () => {
    const stage = new Stage();
    stage.start();
    stage.ports.step('mitigated');
    await vi.advanceTimersByTimeAsync(300);
    stage.circuit.move('open');
    stage.connection.abort();
    expect(stage.circuit.state).toBe('open');
  });

  it('takes its times from its own clock, whatever the wall clock says', async () => {
    const stage = new Stage();
    stage.start();
    stage.ports.notified({ log: 'delivered' });
    await vi.advanceTimersByTimeAsync(30_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    stage.ports.step('acknowledged');
    await vi.advanceTimersByTimeAsync(30_000);
    vi.setSystemTime(Date.now() - 7_200_000);
    stage.ports.step('mitigated');
    stage.ports.verified();
    await vi.advanceTimersByTimeAsync(1_000);
    const took = stage.report?.score.steps.map(({ tookMs }) => tookMs);
    expect(took).toEqual([null, 250, 30_250, 60_250, 60_250]);
  });

  it('keeps secrets and what hides text out of all that it says', async () => {
    const stage = new Stage();
    const title = 'Drill \u202e of postgres://app:hunter2@db\u0007';
    const request = { scenario: scenario({ title }), by: 'alice token=hunter2\u001b[2J' };
    const emit = (event: string, data: unknown): void => {
      if (event === 'drill') stage.texts.push(drillProgress.parse(data).text);
      else stage.report = drillReport.parse(data);
    };
    stage.drills.start(request, { emit, ended: stage.connection.signal });
    stage.drills.stop({ by: 'bob password=hunter2\u202e' });
    const { reasons } = stage.circuit;
    const all = JSON.stringify([
      stage.report,
      stage.texts,
      stage.ports.declared,
      reasons,
      stage.ports.recorded,
    ]);
    expect(stage.report).toMatchObject({ title: 'Drill  of postgres://[redacted]@db' });
    expect(all).not.toContain('hunter2');
    expect(all).not.toMatch(/\u202e|\\u0007|\\u001b/);
  });

  it('takes circuits that people closed for mitigated, at the time at which they did', async () => {
    const stage = new Stage();
    stage.start();
    await vi.advanceTimersByTimeAsync(10_000);
    stage.circuit.reset();
    await vi.advanceTimersByTimeAsync(5_000);
    stage.connection.abort();
    await vi.advanceTimersByTimeAsync(0);
    const mitigate = stage.report?.score.steps.find(({ step }) => step === 'mitigate');
    expect(mitigate).toMatchObject({ result: 'passed', text: 'the circuits were closed by hand' });
    expect(mitigate?.tookMs).toBeLessThanOrEqual(10_250);
  });

  it('does not take its own end for mitigation', async () => {
    const stage = new Stage();
    stage.start({ durationMs: 60_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.circuit.state).toBe('closed');
    expect(stage.report).toMatchObject({ ended: 'time-limit', verdict: 'failed' });
    const results = stage.report?.score.steps.map(({ result }) => result);
    expect(results).toEqual(['not-scored', 'missed', 'missed', 'missed', 'missed']);
  });

  it('touches no circuit where it only observes', async () => {
    const stage = new Stage();
    stage.start({ effect: 'observe' });
    expect(stage.circuit.reasons).toEqual([]);
    await stage.playWell();
    expect(stage.report).toMatchObject({ verdict: 'passed', undone: [] });
  });

  it('tells what its plan is before', () => {
    const stage = new Stage({ database: 2 });
    const request = { scenario: scenario(), by: 'alice' };
    expect(drillPlan.parse(stage.drills.plan(request))).toEqual({
      objections: [],
      affectsCalls: true,
      effects: [
        "Opens 2 circuits of 'database' for at most 30 min: real calls are rejected. Those feel it too: checkout.",
        'Tells every configured sink, marked DRILL.',
      ],
    });
    stage.circuit.shadow = true;
    const observed = { ...request, scenario: scenario({ effect: 'observe', notify: false }) };
    expect(stage.drills.plan(observed)).toMatchObject({ affectsCalls: false });
  });
});

describe('whatever ends a drill undoes it first', () => {
  it.each([
    ['connection-lost', (stage: Stage) => stage.connection.abort()],
    ['stopped', (stage: Stage) => stage.drills.stop({ by: 'bob' })],
    ['closing', (stage: Stage) => stage.drills.close()],
    [
      'outage',
      (stage: Stage) =>
        stage.ports.events.emit('circuit', {
          policy: 'search',
          time: Date.now(),
          from: 'closed',
          to: 'open',
          reason: '5 failures',
          manual: false,
          shadow: false,
        }),
    ],
  ])('%s', async (ended, end) => {
    const stage = new Stage();
    stage.start();
    await vi.advanceTimersByTimeAsync(1_000);
    end(stage);
    expect(stage.circuit.state).toBe('closed');
    expect(stage.ports.finished).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.report).toMatchObject({ ended, verdict: 'not-played' });
    expect(stage.drills.status()).toBeNull();
    stage.connection = new AbortController();
    stage.start();
    stage.drills.close();
  });

  it('what people did by the controls of its incident before its own', () => {
    const stage = new Stage();
    const states: string[] = [];
    stage.ports.endControls = () => states.push(stage.circuit.state);
    stage.start();
    stage.drills.close();
    expect(states).toEqual(['forced-open']);
  });

  it('a real incident that begins, and not one that its own circuits cause', async () => {
    const stage = new Stage();
    stage.start();
    const own = sampleIncident({ id: 'INC-1', policy: 'database', trigger: 'slo' });
    stage.ports.incidents.set(own.id, own);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stage.report).toBeUndefined();
    expect(stage.texts).toContain('Detected after 250 ms: INC-1 began by itself.');
    const real = sampleIncident({ id: 'INC-2', policy: 'search', trigger: 'slo', summary: 'It burns.' });
    stage.ports.incidents.set(real.id, real);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stage.report).toMatchObject({ ended: 'outage', why: expect.stringContaining('INC-2') });
  });

  it('though the circuit, the incident and the listener all fail', async () => {
    const stage = new Stage({ database: 2 });
    stage.start();
    const [first, second] = stage.ports.circuits.get('database') ?? [];
    if (first !== undefined) first.broken = true;
    stage.ports.finish = () => {
      throw new Error('it cannot be finished');
    };
    stage.drills.close();
    expect(second?.state).toBe('closed');
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.report?.undone[0]).toMatch(/could not be closed; it ends by itself/);
    expect(stage.ports.reports).toHaveLength(2);
  });

  it('its circuits end by themselves where nothing else ends them', async () => {
    const stage = new Stage();
    stage.start({ durationMs: 60_000 });
    expect(stage.circuit.until - performance.now()).toBe(65_000);
    stage.drills.close();
  });
});

describe('what people do to circuits stands', () => {
  it.each([
    [
      'forced open for longer',
      (circuit: FakeCircuit) => circuit.forceOpen('it is worse than that', 7_200_000),
    ],
    ['disabled', (circuit: FakeCircuit) => circuit.move('disabled')],
    [
      'closed and opened again',
      (circuit: FakeCircuit) => {
        circuit.reset();
        vi.advanceTimersByTime(1);
        circuit.forceOpen('by hand', 1_804_999);
      },
    ],
  ])('%s', (_, change) => {
    const stage = new Stage();
    stage.start();
    vi.advanceTimersByTime(100);
    change(stage.circuit);
    const { state, until } = stage.circuit;
    stage.drills.close();
    expect(stage.circuit).toMatchObject({ state, until });
  });
});

describe('a drill is refused', () => {
  it('with what to write in code where the application does not allow it', () => {
    const stage = new Stage();
    stage.ports.allowed = false;
    expect(problemsOf(() => stage.start())).toEqual([expect.stringContaining('incidents: { drills: true }')]);
    expect(stage.circuit.reasons).toEqual([]);
  });

  it('while another is being played', () => {
    const stage = new Stage({ database: 1, search: 1 });
    stage.start();
    expect(problemsOf(() => stage.start({ policies: ['search'] }))[0]).toMatch(/is being played already/);
    stage.drills.close();
  });

  it('while one of another process is open', () => {
    const stage = new Stage();
    stage.ports.incidents.set('INC-1', sampleIncident({ id: 'INC-1', policy: 'search', drill: true }));
    expect(problemsOf(() => stage.start())[0]).toMatch(/is being played already: INC-1/);
  });

  it('while a real incident of the policy is open, unless it is to be played anyway', async () => {
    const stage = new Stage();
    stage.ports.incidents.set('INC-1', sampleIncident({ id: 'INC-1' }));
    expect(problemsOf(() => stage.start())[0]).toMatch(/has an open incident, INC-1.*--anyway/);
    stage.start({}, { anyway: true });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stage.report).toBeUndefined();
    stage.drills.close();
  });

  it('for policies that there are not, or whose circuits are not closed', () => {
    const stage = new Stage({ database: 1, search: 0 });
    expect(problemsOf(() => stage.start({ policies: ['databse'] }))[0]).toContain("did you mean 'database'?");
    expect(problemsOf(() => stage.start({ policies: ['search'] }))[0]).toContain('has no circuit to open');
    stage.circuit.state = 'open';
    expect(problemsOf(() => stage.start())[0]).toContain('has no closed circuit');
    expect(stage.ports.declared).toEqual([]);
  });

  it('and leaves nothing open, when its incident cannot be declared', () => {
    const stage = new Stage();
    stage.ports.cannotDeclare = true;
    expect(() => stage.start()).toThrow('no incident can be declared');
    expect(stage.circuit.state).toBe('closed');
    expect(stage.drills.status()).toBeNull();
  });
});

describe('its folder', () => {
  it('gets the state, the metrics and the report, and what could not be had is said', async () => {
    vi.useRealTimers();
    const stage = new Stage();
    stage.ports.directory = mkdtempSync(join(tmpdir(), 'bw-drill-'));
    const { directory } = stage.ports;
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    stage.ports.files = [
      { what: 'the state', name: 'drill-state.json', read: () => '{"policies":[]}' },
      {
        what: 'the metrics',
        name: 'drill-metrics.txt',
        read: () => Promise.reject(new Error('no answer')),
      },
    ];
    const elsewhere = join(directory, 'elsewhere');
    writeFileSync(elsewhere, 'keep');
    symlinkSync(elsewhere, join(directory, 'drill-state.json'));
    symlinkSync(elsewhere, join(directory, 'drill-report.json'));
    stage.start();
    await vi.waitFor(() => expect(stage.texts).toContain('Could not write the metrics: no answer.'));
    await vi.waitFor(() =>
      expect(readFileSync(join(directory, 'drill-state.json'), 'utf8')).toBe('{"policies":[]}'),
    );
    await vi.waitFor(() =>
      expect(stage.ports.recorded.filter(({ type }) => type === 'collected')).toHaveLength(2),
    );
    stage.drills.close();
    await vi.waitFor(() =>
      expect(JSON.parse(readFileSync(join(directory, 'drill-report.json'), 'utf8'))).toMatchObject({
        ended: 'closing',
        files: expect.arrayContaining([{ what: 'the state', file: 'drill-state.json', error: null }]),
      }),
    );
    expect(readFileSync(elsewhere, 'utf8')).toBe('keep');
    vi.useFakeTimers();
  });

  it('is not there where nothing is written to disk, which is said', async () => {
    const stage = new Stage();
    stage.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.texts).toContainEqual(expect.stringContaining('incidents: { directory }'));
    stage.drills.close();
  });
});
