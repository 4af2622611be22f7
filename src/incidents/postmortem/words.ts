import type { CircuitState } from '../../core/circuit.ts';
import type { ActionHorizon, ActionKind, IncidentRole, IncidentTrigger } from '../incident/changes/change.ts';
import type { HypothesisJson, IncidentJson, LearnedTopic } from '../incident/document.ts';
import type { Severity } from '../incident/severity.ts';
import type { IncidentStatus } from '../incident/status.ts';
import type { TimeUnits } from './clock.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** The sections of a post-mortem, in order; the names in blanks and in what lint says. */
export const sectionNames = [
  'facts',
  'summary',
  'symptoms',
  'impact',
  'timeline',
  'times',
  'root-cause',
  'whys',
  'contributing',
  'went-well',
  'went-badly',
  'lucky',
  'dead-ends',
  'stopgaps',
  'decisions',
  'data',
  'actions',
  'second-stage',
  'thanks',
  'similar',
  'files',
] as const;
/** A section of a post-mortem. */
export type SectionName = (typeof sectionNames)[number];

type Text = (text: string) => string;
type MitigationOutcome = NonNullable<IncidentJson['mitigations'][number]['outcome']>;
type NotificationSink = IncidentJson['notifications'][number]['sinks'][number];

/** The words of one language. What functions are given is Markdown already; what they give is Markdown. */
export interface Words {
  readonly title: (id: string, summary: string) => string;
  readonly drillTitle: string;
  readonly drillNote: string;
  readonly openNote: string;
  readonly howTo: string;
  readonly headings: Readonly<Record<SectionName, string>>;
  readonly time: TimeUnits;
  /** What is shown where people must write. */
  readonly blank: Text;
  /** What people are asked for. */
  readonly ask: Readonly<
    Record<
      | 'summary'
      | 'symptoms'
      | 'users'
      | 'scope'
      | 'root-cause'
      | 'evidence'
      | 'contributing'
      | 'went-well'
      | 'went-badly'
      | 'lucky'
      | 'actions'
      | 'owner'
      | 'due'
      | 'second-stage'
      | 'thanks',
      string
    >
  > & { readonly why: (index: number) => string };
  readonly nothing: string;
  readonly library: string;
  /** A sentence that the library words in English, in this language; any other text as it is. Not Markdown. */
  readonly own: Text;
  readonly parenthesis: Text;
  readonly join: (items: readonly string[]) => string;
  readonly byPerson: (text: string, person: string) => string;
  readonly facts: Readonly<
    Record<
      | 'incident'
      | 'drill'
      | 'isDrill'
      | 'policy'
      | 'service'
      | 'instance'
      | 'status'
      | 'trigger'
      | 'severity'
      | 'severityHistory'
      | 'start'
      | 'detected'
      | 'end'
      | 'duration'
      | 'scope'
      | 'warRoom'
      | 'roles',
      string
    >
  > & {
    readonly head: readonly string[];
    readonly severitySet: (to: string, why: string) => string;
    readonly severityMoved: (from: string, to: string, why: string) => string;
    readonly openSince: Text;
  };
  readonly status: Readonly<Record<IncidentStatus, string>>;
  readonly trigger: Readonly<Record<IncidentTrigger, string>>;
  readonly role: Readonly<Record<IncidentRole, string>>;
  readonly severity: Readonly<Record<Severity, string>>;
  readonly summary: { readonly recorded: (summary: string, why: string) => string };
  readonly symptoms: {
    readonly observed: string;
    readonly errors: string;
    readonly error: (kind: string, count: string, sample: string) => string;
  };
  readonly impact: Readonly<
    Record<
      | 'calls'
      | 'failed'
      | 'timedOut'
      | 'rejected'
      | 'retried'
      | 'servedStale'
      | 'servedFallback'
      | 'notMeasured'
      | 'dependants'
      | 'usedBy'
      | 'heldDependants'
      | 'users'
      | 'scope',
      string
    >
  > & {
    readonly head: readonly string[];
    readonly latencyHead: readonly string[];
    readonly budgetHead: readonly string[];
    readonly sli: Readonly<Partial<Record<string, string>>>;
    readonly errorHead: readonly string[];
    readonly otherErrors: Text;
  };
  readonly timeline: {
    readonly head: readonly string[];
    readonly leftOut: (count: string, list: string) => string;
    readonly step: Readonly<Record<IncidentStatus, Text>>;
    readonly reopened: Text;
    readonly reason: Text;
    readonly severitySet: (to: string, why: string) => string;
    readonly severityMoved: (from: string, to: string, why: string) => string;
    readonly notified: (kind: string, results: string) => string;
    readonly notification: Readonly<Record<IncidentJson['notifications'][number]['kind'], string>>;
    readonly result: Readonly<Record<NonNullable<NotificationSink['result']>, string>>;
    readonly pending: string;
    readonly sink: (sink: string, result: string, tries: number, detail: string) => string;
    readonly escalated: (contact: string, level: number, via: string, why: string) => string;
    readonly heldDependant: (policy: string, incident: string) => string;
    readonly collected: (file: string, bytes: string, cut: boolean) => string;
    readonly notCollected: (collector: string, error: string) => string;
    readonly noted: Text;
    readonly deadEnd: Text;
    readonly observed: Text;
    readonly hypothesis: (id: string, text: string) => string;
    readonly evidence: (hypothesis: string, supports: boolean, text: string) => string;
    readonly reproduced: (reproduced: boolean, version: string, how: string) => string;
    readonly tried: (id: string, stopgap: boolean, text: string) => string;
    readonly outcome: (id: string, outcome: string, text: string) => string;
    readonly action: (id: string, text: string) => string;
    readonly repairNeeded: Text;
    readonly repaired: Text;
    readonly decisionNeeded: (question: string, authority: string) => string;
    readonly decided: (question: string, answer: string) => string;
    readonly update: (text: string, recovery: string) => string;
    readonly recovery: Text;
    readonly contacted: (contact: string, reached: boolean, text: string) => string;
    readonly runbook: (runbook: string, step: number, state: string) => string;
    readonly runbookState: Readonly<Record<IncidentJson['runbookSteps'][number]['state'], string>>;
    readonly control: (text: string, ended: boolean, until: string) => string;
    readonly until: Text;
    readonly circuit: (from: string, to: string, byHand: boolean, reason: string) => string;
    readonly circuitState: Readonly<Record<CircuitState, string>>;
    /** What stands before the library's own English sentence about a change of that kind. */
    readonly kind: (kind: string) => string | undefined;
  };
  readonly mitigationOutcome: Readonly<Record<MitigationOutcome, string>>;
  readonly times: {
    readonly head: readonly string[];
    readonly mttd: string;
    readonly mtta: string;
    readonly mttm: string;
    readonly mttr: string;
    readonly point: Readonly<
      Record<'start' | 'declared' | 'acknowledged' | 'mitigated' | 'resolved', string>
    >;
    readonly missing: Text;
    readonly backwards: string;
    readonly definitions: readonly string[];
  };
  readonly cause: Readonly<
    Record<
      | 'reasoning'
      | 'judged'
      | 'supports'
      | 'against'
      | 'explains'
      | 'doesNotExplain'
      | 'explainsNothing'
      | 'open'
      | 'ruledOut'
      | 'people',
      string
    >
  > & {
    readonly confirmed: (id: HypothesisJson['id'], text: string) => string;
    readonly reproduced: (version: string, how: string) => string;
    readonly notReproduced: (version: string, how: string) => string;
  };
  readonly whys: { readonly head: readonly string[] };
  /** Stands before facts that are offered, not judged. */
  readonly offered: string;
  readonly fact: {
    readonly acknowledged: Text;
    readonly neverAcknowledged: string;
    readonly detected: Text;
    readonly served: (count: string, how: string) => string;
    readonly stale: string;
    readonly fallback: string;
    readonly delivered: Text;
    readonly undelivered: (count: string, sink: string, result: string) => string;
    readonly helped: Text;
    readonly escalated: Text;
    readonly notReached: Text;
    readonly worse: Text;
    readonly surprise: (runbook: string, step: number) => string;
    readonly rose: (from: string, to: string) => string;
    readonly reopened: Text;
    readonly flapping: string;
    readonly reminded: Text;
    readonly waived: (item: string, reason: string) => string;
    readonly notCollected: (collector: string, error: string) => string;
  };
  readonly stopgap: { readonly nothing: string; readonly undone: Text; readonly action: Text };
  readonly decision: {
    readonly head: readonly string[];
    readonly open: string;
    readonly decided: (answer: string, by: string, at: string) => string;
  };
  readonly repair: { readonly done: (by: string, at: string) => string };
  readonly action: {
    readonly horizon: Readonly<Record<ActionHorizon, string>>;
    readonly kind: Readonly<Record<ActionKind, string>>;
    /** Names of fields, which lint looks for. */
    readonly owner: string;
    readonly due: string;
    readonly checker: string;
    readonly checkedBy: string;
    readonly notChecked: string;
    readonly twoPeople: string;
    readonly undoes: Text;
    readonly dropped: Text;
    readonly field: (name: string, value: string) => string;
    readonly accepted: Text;
  };
  readonly similar: { readonly head: readonly string[]; readonly changes: string };
  readonly files: { readonly head: readonly string[]; readonly cut: string; readonly failed: Text };
}

/** Topics that people teach something about and that have a section of that name. */
export type LessonSection = Extract<LearnedTopic, SectionName>;
