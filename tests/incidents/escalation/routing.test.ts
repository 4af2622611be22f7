import { describe, expect, it } from 'vitest';
import { isOnDuty } from '../../../src/incidents/escalation/hours.ts';
import { Routing } from '../../../src/incidents/escalation/routing.ts';

describe('isOnDuty', () => {
  const office = {
    days: ['Mon' as const, 'Fri' as const],
    from: '09:00',
    to: '17:30',
    timeZone: 'Asia/Tokyo',
  };
  const on = (hours: Parameters<typeof isOnDuty>[0]['hours'], iso: string) =>
    isOnDuty({ hours }, Date.parse(iso));

  it('follows the calendar of the contact, not of the process', () => {
    // 2026-02-02 is a Monday.
    expect(on(office, '2026-02-01T23:59:00Z')).toBe(false);
    expect(on(office, '2026-02-02T00:00:00Z')).toBe(true);
    expect(on(office, '2026-02-02T08:29:59Z')).toBe(true);
    expect(on(office, '2026-02-02T08:30:00Z')).toBe(false);
    expect(on(office, '2026-02-03T00:00:00Z')).toBe(false);
    expect(on(undefined, '2026-02-03T00:00:00Z')).toBe(true);
  });

  it('counts hours over midnight to the day on which they begin', () => {
    const night = { days: ['Fri' as const], from: '22:00', to: '06:00', timeZone: 'UTC' };
    expect(on(night, '2026-02-06T21:59:00Z')).toBe(false);
    expect(on(night, '2026-02-06T22:00:00Z')).toBe(true);
    expect(on(night, '2026-02-07T05:59:00Z')).toBe(true);
    expect(on(night, '2026-02-07T06:00:00Z')).toBe(false);
    expect(on(night, '2026-02-07T22:00:00Z')).toBe(false);
  });

  it('has a whole day, and follows the clock in summer', () => {
    const day = { from: '00:00', to: '24:00', timeZone: 'UTC' };
    expect(on(day, '2026-02-06T23:59:59Z')).toBe(true);
    const berlin = { from: '09:00', to: '10:00', timeZone: 'Europe/Berlin' };
    expect(on(berlin, '2026-01-15T08:30:00Z')).toBe(true);
    expect(on(berlin, '2026-07-15T08:30:00Z')).toBe(false);
    expect(on(berlin, '2026-07-15T07:30:00Z')).toBe(true);
  });
});

describe('Routing', () => {
  const day = { from: '08:00', to: '20:00', timeZone: 'UTC' };
  const contacts = [
    { name: 'Ada', sinks: ['ada'], hours: { ...day } },
    { name: 'Bob', sinks: ['bob'] },
    { name: 'Eve', sinks: ['eve'], hours: { ...day } },
  ];
  const noon = Date.UTC(2026, 1, 4, 12);
  const night = Date.UTC(2026, 1, 4, 2);
  const incident = { policy: 'db', severity: 'Critical' } as const;

  it('tells all sinks without a route, and with one those that belong to nobody', () => {
    const sinks = ['log', 'ada', 'bob', 'eve'];
    expect(new Routing(sinks, contacts, []).sinksFor(incident)).toEqual(sinks);
    const routes = [{ severities: ['Critical' as const], contacts: [['Ada']] }];
    const routing = new Routing(sinks, contacts, routes);
    expect(routing.sinksFor(incident)).toEqual(['log']);
    expect(routing.sinksFor({ ...incident, severity: 'Low' })).toEqual(sinks);
    expect(new Routing(sinks, contacts, [{ sinks: ['eve'], contacts: [] }]).sinksFor(incident)).toEqual([
      'eve',
    ]);
  });

  it('takes the first route that fits', () => {
    const routing = new Routing(['log', 'ada'], contacts, [
      { policies: ['web*'], sinks: ['ada'], contacts: [] },
      { policies: ['*'], sinks: ['log'], contacts: [] },
    ]);
    expect(routing.sinksFor({ ...incident, policy: 'web-1' })).toEqual(['ada']);
    expect(routing.sinksFor(incident)).toEqual(['log']);
  });

  it('goes up to the next level on which somebody is on duty', () => {
    const routing = new Routing([], contacts, [{ contacts: [['Ada'], ['Bob', 'Eve'], ['Eve']] }]);
    const names = (after: number, at: number) =>
      routing.levelAbove(after, incident, at)?.contacts.map(({ name }) => name);
    expect([0, 1, 2, 3].map((after) => names(after, noon))).toEqual([
      ['Ada'],
      ['Bob', 'Eve'],
      ['Eve'],
      undefined,
    ]);
    expect([0, 1, 2].map((after) => names(after, night))).toEqual([['Bob'], ['Bob'], undefined]);
    expect(routing.levelAbove(0, incident, night)?.number).toBe(2);
  });

  it("wakes the first level up where it is nobody's hour", () => {
    const routing = new Routing([], contacts, [{ contacts: [['Ada'], ['Eve']] }]);
    expect(routing.levelAbove(0, incident, night)).toMatchObject({ number: 1, outOfHours: true });
    expect(routing.levelAbove(1, incident, night)).toBeUndefined();
  });
});
