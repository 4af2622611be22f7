import { monotonicNow, wallNow } from '../../core/clock.ts';
import { spreadOf, turnsAway } from '../circuit-tally.ts';
import { decideSeverity, type SeverityDecision } from '../incident/severity.ts';
import type { IncidentTrigger } from '../incident/trigger.ts';
import type { IncidentSettings } from '../options.ts';
import type { PolicyReading } from '../policy-reader.ts';
import type { IncidentPorts } from '../ports.ts';
import type { Watch } from '../watch.ts';
import type { Ledger } from './ledger.ts';

/** What a `SeverityJudge` works with. */
export interface JudgeParts {
  readonly settings: Pick<IncidentSettings, 'severity' | 'reviewMs'>;
  readonly ports: Pick<IncidentPorts, 'report'>;
  readonly ledger: Ledger;
}

/** Asks the severity rule, and keeps on record why an incident is as severe as it is. */
export class SeverityJudge {
  readonly #parts: JudgeParts;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  decide(
    watch: Watch,
    { criticality, stats, tally }: PolicyReading,
    { policy, trigger }: { readonly policy: string; readonly trigger: IncidentTrigger },
  ): SeverityDecision {
    const { settings, ports } = this.#parts;
    const { burnFacts: burn } = watch;
    const circuitOpen = watch.circuitOpen && (turnsAway(tally) || !tally.letsAllThrough);
    const ageMs = Math.max(0, Math.round(monotonicNow() - watch.startedAt));
    const measured = watch.measure(stats);
    const circuits = spreadOf(tally, watch.endpointsOut, watch.endpoints);
    const facts = { policy, criticality, trigger, circuitOpen, circuits, ...measured, burn, ageMs };
    return decideSeverity(settings.severity, facts, (error) => ports.report(policy, 'incidents', error));
  }

  /**
   * Keeps the reason for the severity true while the severity stays; one that a person gave stands. Where only its figures
   * are others, that is recorded once within `reviewMs`.
   *
   * @param isLast whether nothing more is to come
   */
  explain(watch: Watch, { severity, why }: SeverityDecision, isLast = false): void {
    const { record } = watch;
    if (record.trigger === 'person' || severity !== record.severity || why === record.why) return;
    const now = monotonicNow();
    const isDue = isLast || now - watch.explainedAt >= this.#parts.settings.reviewMs;
    if (!isDue && withoutFigures(why) === withoutFigures(record.why)) return;
    watch.explainedAt = now;
    this.#parts.ledger.record(record, { type: 'reviewed', at: wallNow(), why });
  }
}

function withoutFigures(text: string): string {
  return text.replace(/[\d.]+/g, '');
}
