import { describe, expect, test } from 'vitest';
import { ChaosSwitch, REMINDER_MS } from '../../../src/strategies/chaos/switch.ts';

describe('the switch', () => {
  test('is off until it is switched on, and ends at its time, not before', () => {
    const toggle = new ChaosSwitch();
    expect(toggle.isOn).toBe(false);
    expect(toggle.isOver(0)).toBe(false);
    toggle.start(1_000, 500);
    expect(toggle.isOn).toBe(true);
    expect(toggle.leftMs(1_100)).toBe(400);
    expect(toggle.isOver(1_499)).toBe(false);
    expect(toggle.isOver(1_500)).toBe(true);
  });

  test('has no end where none was given, whatever the clock does', () => {
    const toggle = new ChaosSwitch();
    toggle.start(1_000, undefined);
    expect(toggle.leftMs(1e12)).toBeUndefined();
    expect(toggle.isOver(1e12)).toBe(false);
    expect(toggle.isOver(-1e12)).toBe(false);
  });

  test('ends what has an end where the clock was set back, but not for a time told out of order', () => {
    const toggle = new ChaosSwitch();
    toggle.start(100_000, 60_000);
    expect(toggle.isOver(99_500)).toBe(false);
    expect(toggle.isOver(5_000)).toBe(true);
  });

  test('reminds once a minute while it is on', () => {
    const toggle = new ChaosSwitch();
    expect(toggle.isReminderDue(0)).toBe(false);
    toggle.start(0, undefined);
    expect(toggle.isReminderDue(REMINDER_MS - 1)).toBe(false);
    expect(toggle.isReminderDue(REMINDER_MS)).toBe(true);
    expect(toggle.isReminderDue(REMINDER_MS + 1)).toBe(false);
    expect(toggle.isReminderDue(2 * REMINDER_MS)).toBe(true);
    toggle.stop();
    expect(toggle.isReminderDue(9 * REMINDER_MS)).toBe(false);
  });

  test('counts an end that is moved from when it was switched on', () => {
    const toggle = new ChaosSwitch();
    toggle.start(1_000, undefined);
    toggle.moveEnd(700);
    expect([toggle.leftMs(1_200), toggle.isOver(1_699), toggle.isOver(1_700)]).toEqual([500, false, true]);
    toggle.moveEnd(undefined);
    expect([toggle.leftMs(1_700), toggle.isOver(1e12)]).toEqual([undefined, false]);
  });

  test('knows when to remind next, at once where the clock was set back', () => {
    const toggle = new ChaosSwitch();
    toggle.start(100_000, undefined);
    expect(toggle.reminderInMs(100_400)).toBe(REMINDER_MS - 400);
    expect(toggle.reminderInMs(99_500)).toBe(REMINDER_MS + 500);
    expect(toggle.reminderInMs(5_000)).toBe(0);
    expect(toggle.isReminderDue(5_000)).toBe(true);
    expect(toggle.reminderInMs(5_000)).toBe(REMINDER_MS);
  });
});
