import { describe, expect, it } from 'vitest';
import { type Finding, OutlierEjection } from '../../../src/strategies/failover/ejection.ts';
import { type EjectionOptions, failoverSchema } from '../../../src/strategies/failover/options.ts';

/** Some endpoints, and how often each was asked. */
class Machine {
  readonly settings;
  readonly ejection: OutlierEjection;
  now = 0;

  constructor(endpoints: number, given: EjectionOptions = {}) {
    const names = Array.from({ length: endpoints }, (_, at) => ({ name: `e${at}`, target: at }));
    const { ejection } = failoverSchema.parse({ endpoints: names, ejection: given });
    if (ejection === false) throw new Error('The ejection is off.');
    this.settings = ejection;
    this.ejection = new OutlierEjection(endpoints);
  }

  run(position: number, finding: Finding, times = 1) {
    return Array.from({ length: times }, () => {
      const ticket = this.ejection.begin(position, this.settings, this.now);
      return this.ejection.end(ticket, finding, this.settings, this.now);
    }).flat();
  }

  at(position: number): string {
    return this.ejection.standing(position, this.settings, this.now);
  }
}

describe('failures in a row', () => {
  it('eject an endpoint, and only when they are in a row', () => {
    const machine = new Machine(2);
    expect(machine.run(0, 'failure', 4)).toEqual([]);
    expect(machine.run(0, 'success')).toEqual([]);
    expect(machine.run(0, 'failure', 4)).toEqual([]);
    expect(machine.at(0)).toBe('in-service');
    expect(machine.run(0, 'failure')).toEqual([
      { position: 0, status: 'ejected', reason: 'failed 5 times in a row', ejectedForMs: 30_000 },
    ]);
    expect([machine.at(0), machine.at(1)]).toEqual(['out', 'in-service']);
  });

  it('are not broken by what says nothing', () => {
    const machine = new Machine(2, { consecutiveFailures: 2 });
    machine.run(0, 'failure');
    machine.run(0, 'nothing', 10);
    expect(machine.run(0, 'failure')).toHaveLength(1);
  });

  it('eject for longer each time, up to the most, and shorter again after good time', () => {
    const machine = new Machine(2, { consecutiveFailures: 1, baseEjectionMs: 1_000, maxEjectionMs: 2_500 });
    const forMs: (number | undefined)[] = [];
    for (let time = 0; time < 4; time += 1) {
      for (const { ejectedForMs } of machine.run(0, 'failure')) forMs.push(ejectedForMs);
      machine.now += 3_000;
    }
    expect(forMs).toEqual([1_000, 2_000, 2_500, 2_500]);
    machine.run(0, 'success');
    machine.now += 20_000;
    expect(machine.run(0, 'failure')[0]?.ejectedForMs).toBe(2_000);
    machine.now += 3_000;
    machine.run(0, 'success');
    machine.now += 1_000_000;
    expect(machine.run(0, 'failure')[0]?.ejectedForMs).toBe(1_000);
  });

  it('of runs that began before an ejection or a return move nothing after it', () => {
    const machine = new Machine(2, { consecutiveFailures: 2, baseEjectionMs: 1_000 });
    const { ejection, settings } = machine;
    const early = Array.from({ length: 6 }, () => ejection.begin(0, settings, 0));
    machine.run(0, 'failure', 2);
    for (const ticket of early.slice(0, 3)) expect(ejection.end(ticket, 'success', settings, 10)).toEqual([]);
    expect(machine.at(0)).toBe('out');
    machine.now = 1_000;
    expect(machine.run(0, 'success')).toHaveLength(1);
    for (const ticket of early.slice(3)) expect(ejection.end(ticket, 'failure', settings, 1_010)).toEqual([]);
    expect(machine.at(0)).toBe('in-service');
  });
});

describe('how many may be out', () => {
  it('is one of few, and a tenth of many', () => {
    for (const [endpoints, most] of [
      [1, 1],
      [2, 1],
      [9, 1],
      [19, 1],
      [20, 2],
      [35, 3],
    ] as const) {
      const machine = new Machine(endpoints, { consecutiveFailures: 1 });
      for (let at = 0; at < endpoints; at += 1) machine.run(at, 'failure', 3);
      expect(machine.ejection.ejected, String(endpoints)).toBe(most);
    }
  });

  it('frees a place when one is back, for the one that waits for it', () => {
    const machine = new Machine(2, { consecutiveFailures: 2, baseEjectionMs: 1_000 });
    machine.run(0, 'failure', 2);
    machine.run(1, 'failure', 5);
    expect(machine.at(1)).toBe('in-service');
    machine.now = 1_000;
    machine.run(0, 'success');
    expect(machine.run(1, 'failure')[0]).toMatchObject({ position: 1, status: 'ejected' });
  });

  it('may be all, and none is more than the percentage says', () => {
    const machine = new Machine(4, { consecutiveFailures: 1, maxEjectedPercent: 100 });
    for (let at = 0; at < 4; at += 1) machine.run(at, 'failure');
    expect(machine.ejection.ejected).toBe(4);
    const half = new Machine(4, { consecutiveFailures: 1, maxEjectedPercent: 74 });
    for (let at = 0; at < 4; at += 1) half.run(at, 'failure');
    expect(half.ejection.ejected).toBe(2);
  });
});

describe('the end of an ejection', () => {
  const ejected = (): Machine => {
    const machine = new Machine(2, { consecutiveFailures: 1, baseEjectionMs: 1_000 });
    machine.run(0, 'failure');
    return machine;
  };

  it('is a trial by one run at a time', () => {
    const machine = ejected();
    const { ejection, settings } = machine;
    machine.now = 999;
    expect(machine.at(0)).toBe('out');
    machine.now = 1_000;
    expect(machine.at(0)).toBe('on-trial');
    const ticket = ejection.begin(0, settings, machine.now);
    expect(machine.at(0)).toBe('out');
    expect(ejection.isEjected(0)).toBe(true);
    machine.now = 1_100;
    expect(ejection.end(ticket, 'success', settings, machine.now)).toEqual([
      { position: 0, status: 'returned', reason: 'a run that tried it succeeded' },
    ]);
    expect(machine.at(0)).toBe('in-service');
    expect(ejection.ejected).toBe(0);
  });

  it('is another ejection, and a longer one, where the trial fails', () => {
    const machine = ejected();
    machine.now = 1_000;
    expect(machine.run(0, 'failure')).toEqual([
      { position: 0, status: 'ejected', reason: 'the run that tried it failed', ejectedForMs: 2_000 },
    ]);
    machine.now = 2_999;
    expect(machine.at(0)).toBe('out');
    machine.now = 3_000;
    expect(machine.at(0)).toBe('on-trial');
    expect(machine.ejection.ejected).toBe(1);
  });

  it('waits for the next run where the trial says nothing', () => {
    const machine = ejected();
    machine.now = 1_000;
    expect(machine.run(0, 'nothing')).toEqual([]);
    expect(machine.at(0)).toBe('on-trial');
  });

  it('is no longer held up by a trial that does not end', () => {
    const machine = ejected();
    const { ejection, settings } = machine;
    machine.now = 1_000;
    const hanging = ejection.begin(0, settings, machine.now);
    machine.now = 1_999;
    expect(machine.at(0)).toBe('out');
    machine.now = 2_000;
    expect(machine.at(0)).toBe('on-trial');
    const second = ejection.begin(0, settings, machine.now);
    expect(ejection.end(hanging, 'nothing', settings, machine.now)).toEqual([]);
    expect(machine.at(0)).toBe('out');
    expect(ejection.end(second, 'success', settings, machine.now)).toHaveLength(1);
    expect(ejection.end(hanging, 'failure', settings, machine.now)).toEqual([]);
    expect(machine.at(0)).toBe('in-service');
  });

  it('comes early where a run went there for want of better and succeeded; failing there changes nothing', () => {
    const machine = ejected();
    machine.now = 10;
    expect(machine.run(0, 'failure', 10)).toEqual([]);
    expect(machine.run(0, 'success')).toMatchObject([{ status: 'returned' }]);
    expect(machine.at(0)).toBe('in-service');
  });

  it('does not wait for a clock that was set back', () => {
    const machine = new Machine(2, { consecutiveFailures: 1 });
    machine.now = 1_000_000;
    machine.run(0, 'failure');
    machine.now = 999_500;
    expect(machine.at(0)).toBe('out');
    machine.now = 10;
    expect(machine.at(0)).toBe('on-trial');
  });
});

describe('the success rate', () => {
  /** Lets endpoint 0 succeed in `percent` of its runs, and the others in all, for one interval, and ends that. */
  const interval = (machine: Machine, endpoints: number, percent: number, runs = 100) => {
    for (let run = 0; run < runs; run += 1) {
      machine.now += 10_000 / runs - 0.001;
      for (let at = 0; at < endpoints; at += 1)
        machine.run(at, at === 0 && run % 100 >= percent ? 'failure' : 'success');
    }
    machine.now += 100;
    return machine.run(1, 'success');
  };
  const rates: EjectionOptions = { consecutiveFailures: 1_000 };

  it('of an endpoint far below the others ejects it', () => {
    const machine = new Machine(5, rates);
    machine.run(1, 'success');
    expect(interval(machine, 5, 90)).toEqual([
      {
        position: 0,
        status: 'ejected',
        // Mean 0.98, standard deviation 0.04: 0.98 - 1.9 * 0.04.
        reason: 'succeeded in 90 % of its runs, where 90.4 % was the least to expect',
        ejectedForMs: 30_000,
      },
    ]);
  });

  it('ejects none among fewer endpoints, with fewer runs, or where it is off', () => {
    for (const [endpoints, runs, given] of [
      [4, 100, rates],
      [5, 99, rates],
      [5, 100, { ...rates, successRate: false }],
      [5, 100, { ...rates, successRate: { stdevFactor: 2.1 } }],
    ] as const) {
      const machine = new Machine(endpoints, given);
      machine.run(1, 'success');
      expect(interval(machine, endpoints, 10, runs)).toEqual([]);
    }
  });

  it('of an interval that nobody judged in time is forgotten', () => {
    const machine = new Machine(5, rates);
    machine.run(1, 'success');
    for (let run = 0; run < 200; run += 1)
      for (let at = 0; at < 5; at += 1) machine.run(at, at === 0 ? 'failure' : 'success');
    machine.now += 20_000;
    expect(machine.run(1, 'success')).toEqual([]);
  });
});
