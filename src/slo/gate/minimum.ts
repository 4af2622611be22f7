/** Bad events from which on a budget that is low is no accident: the default of the rules and of the process. */
export const MINIMUM_BAD_EVENTS = 5;
