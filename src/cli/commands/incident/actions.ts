import type { IncidentCommands } from './session.ts';
export function addActions(_: IncidentCommands): void {}
