import type { CircuitState } from '../../core/circuit.ts';
import type { NotificationKind } from '../notification.ts';
import type { DeliveryResult } from '../ports.ts';
import type { ActionHorizon, ActionKind, IncidentRole, IncidentTrigger } from './changes/change.ts';
import type {
  checkStates,
  hypothesisVerdicts,
  learnedTopics,
  mitigationOutcomes,
  runbookStepStates,
} from './changes/people.ts';
import type { ImpactJson, SituationJson } from './document-facts.ts';
import type { Severity } from './severity.ts';
import type { IncidentStatus } from './status.ts';

/**
 * An incident as it leaves the process: in webhooks, on the `/incidents` endpoint, in files, in what the command
 * prints with `--json`, and what a post-mortem is written from. Times are ISO 8601 in UTC; what is not known is
 * `null`. All texts are redacted. Lists are in order of time.
 */
export interface IncidentJson {
  /** Such as `INC-20260204-001-9f3a01bc`. */
  readonly id: string;
  readonly policy: string;
  readonly service: string | null;
  readonly instance: string;
  /** A drill is played, not suffered: it counts in no figure. */
  readonly drill: boolean;
  readonly trigger: IncidentTrigger;
  readonly dedupKey: string;
  readonly status: IncidentStatus;
  readonly severity: Severity;
  /** Why it has this severity, one sentence. */
  readonly why: string;
  readonly summary: string;
  /** The first failure that led to it, or when it was detected where none is known. */
  readonly startedAt: string;
  readonly detectedAt: string;
  /** When each step was first taken; resolved and closed: last taken, `null` again after a reopening. */
  readonly declaredAt: string | null;
  readonly acknowledgedAt: string | null;
  readonly mitigatedAt: string | null;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  readonly closedAt: string | null;
  /** From `startedAt` until it was resolved; `null` while it is open. */
  readonly durationMs: number | null;
  /** Every step that was taken, reopenings included (their status is the one that it went back to). */
  readonly steps: readonly {
    readonly at: string;
    readonly status: IncidentStatus;
    readonly by: string | null;
    readonly reason: string | null;
    readonly reopening: boolean;
  }[];
  readonly severityHistory: readonly {
    readonly at: string;
    readonly from: Severity | null;
    readonly to: Severity;
    readonly why: string;
    readonly by: string | null;
  }[];
  readonly timeline: readonly {
    readonly at: string;
    /** A change's type, or `left-out` where entries are missing. */
    readonly kind: string;
    readonly text: string;
  }[];
  readonly impact: ImpactJson;
  /** Circuits' configuration and state, and the pipeline in words, when it began; `null` where it is not known. */
  readonly situation: SituationJson | null;
  readonly notifications: readonly NotificationJson[];
  readonly escalations: readonly {
    readonly at: string;
    readonly contact: string;
    readonly level: number;
    readonly via: readonly string[];
    readonly why: string;
  }[];
  /** Whether something holds its notifications back now, and why. */
  readonly heldBack: {
    readonly because: string;
    readonly text: string;
    readonly upstream: { readonly policy: string; readonly incident: string } | null;
    readonly until: string | null;
  } | null;
  /** Incidents of dependant policies that are held back because of this one. */
  readonly heldDependants: readonly {
    readonly policy: string;
    readonly incident: string;
    readonly at: string;
  }[];
  readonly flapping: boolean;
  readonly files: readonly {
    readonly at: string;
    readonly collector: string;
    /** Name within the incident's folder; `null` where nothing was written. */
    readonly file: string | null;
    readonly bytes: number;
    readonly truncated: boolean;
    readonly error: string | null;
  }[];
  readonly warRoom: string | null;
  readonly affected: { readonly users: string | null; readonly scope: string | null };
  readonly roles: Readonly<Record<IncidentRole, readonly string[]>>;
  readonly notes: readonly (Authored & {
    readonly id: string;
    readonly text: string;
    readonly deadEnd: boolean;
  })[];
  readonly observations: readonly (Authored & { readonly id: string; readonly text: string })[];
  readonly hypotheses: readonly HypothesisJson[];
  readonly reproductions: readonly (Authored & {
    readonly reproduced: boolean;
    readonly how: string;
    readonly version: string;
  })[];
  readonly mitigations: readonly (Authored & {
    readonly id: string;
    readonly text: string;
    readonly hypothesis: string | null;
    readonly stopgap: boolean;
    readonly outcome: (typeof mitigationOutcomes)[number] | null;
    readonly outcomeText: string | null;
    readonly outcomeAt: string | null;
  })[];
  readonly actions: readonly ActionJson[];
  readonly dataToRepair: readonly (Authored & {
    readonly id: string;
    readonly text: string;
    readonly doneAt: string | null;
    readonly doneBy: string | null;
  })[];
  readonly decisions: readonly (Authored & {
    readonly id: string;
    readonly question: string;
    readonly authority: string | null;
    readonly answer: string | null;
    /** What they knew when they decided. */
    readonly knew: string | null;
    readonly decidedBy: string | null;
    readonly decidedAt: string | null;
  })[];
  readonly updates: readonly (Authored & {
    readonly text: string;
    readonly expectedRecoveryAt: string | null;
    readonly nextUpdateAt: string | null;
  })[];
  readonly contacted: readonly (Authored & {
    readonly contact: string;
    readonly reached: boolean;
    readonly text: string | null;
  })[];
  readonly checklists: readonly ChecklistJson[];
  /** What people said of the checklists' items; one an item, what was said last. */
  readonly checks: readonly (Authored & {
    readonly item: string;
    readonly state: (typeof checkStates)[number];
    readonly reason: string | null;
  })[];
  /** How the policy is, as far as its incident was told. */
  readonly condition: {
    /** Where its circuit moved last; `null` where none did, or not since the incident was reopened. */
    readonly circuit: {
      readonly state: CircuitState;
      readonly at: string;
      /** Whether all circuits of the policy were closed then. */
      readonly allClosed: boolean;
      /** Whether a person closed one of them, which proves nothing. */
      readonly byHand: boolean;
    } | null;
    /** SLIs that burn their budget, since when. */
    readonly burning: readonly { readonly sli: string; readonly at: string }[];
    /** When an SLI last ceased to burn its budget; `null` where none did, or not since it was reopened. */
    readonly recoveredAt: string | null;
  };
  readonly runbookSteps: readonly (Authored & {
    readonly runbook: string;
    /** 1 for the first. */
    readonly step: number;
    readonly state: (typeof runbookStepStates)[number];
    readonly text: string | null;
  })[];
  /** What was done to policies: by whom, until when. */
  readonly controls: readonly (Authored & {
    readonly control: string;
    readonly text: string;
    readonly until: string | null;
    readonly ended: boolean;
    /** When it ended; of what is done at once, when it was done. */
    readonly endedAt: string | null;
    /** Who ended it; `null` where it ended by itself. */
    readonly endedBy: string | null;
    /** How it ended; `null` where it has not, or was done at once. */
    readonly endedText: string | null;
  })[];
  readonly learned: readonly (Authored & {
    readonly topic: LearnedTopic;
    readonly text: string;
    readonly evidence: string | null;
  })[];
  /** How many entries of a list were left out of its middle, by the list's name; without those that lack none. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** Who, and when. `by` is `null` where the library did it by itself or nobody said. */
export interface Authored {
  readonly at: string;
  readonly by: string | null;
}

/** What a lesson is about, for the post-mortem. */
export type LearnedTopic = (typeof learnedTopics)[number];

/** A notification, and what became of it at each sink. */
export interface NotificationJson {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly at: string;
  readonly summary: string;
  readonly sinks: readonly {
    readonly sink: string;
    /** `null` while it is under way. */
    readonly result: DeliveryResult | null;
    readonly at: string | null;
    readonly tries: number;
    readonly detail: string | null;
  }[];
}

/** A possible cause. */
export interface HypothesisJson extends Authored {
  readonly id: string;
  readonly text: string;
  readonly reasoning: string | null;
  readonly status: (typeof hypothesisVerdicts)[number];
  readonly reason: string | null;
  readonly evidence: readonly (Authored & { readonly text: string; readonly supports: boolean })[];
  /** Ids of observations. Of a confirmed cause, together all that there were. */
  readonly explains: readonly string[];
  readonly doesNotExplain: readonly string[];
}

/** Something to be done after the incident. */
export interface ActionJson extends Authored {
  readonly id: string;
  readonly text: string;
  readonly kind: ActionKind;
  readonly horizon: ActionHorizon;
  readonly owner: string | null;
  readonly checker: string | null;
  /** The day, such as `2026-03-01`. */
  readonly due: string | null;
  readonly twoPeople: boolean;
  readonly mitigation: string | null;
  readonly state: 'open' | 'done' | 'checked' | 'dropped';
  readonly doneAt: string | null;
  readonly doneBy: string | null;
  readonly checkedBy: string | null;
  readonly reason: string | null;
}

/** What the checklists guard against being left out. */
export const checklistNames = ['contact', 'impact', 'work', 'verification'] as const;
/** What a checklist guards against being left out. */
export type ChecklistName = (typeof checklistNames)[number];

/** A checklist with its items, as they stand. */
export interface ChecklistJson {
  readonly name: ChecklistName;
  readonly items: readonly {
    /** Such as `contact.responders` or `impact.policy.checkout`. */
    readonly id: string;
    readonly text: string;
    /** The step that it must be done or waived before; `null` where it is only a reminder. */
    readonly gates: Exclude<IncidentStatus, 'detected' | 'declared' | 'acknowledged'> | null;
    readonly state: (typeof checkStates)[number];
    /** Whether the library sees by itself that it is done. */
    readonly automatic: boolean;
    readonly at: string | null;
    readonly by: string | null;
    /** Why it was waived; how the library knows that it is done. */
    readonly reason: string | null;
  }[];
}
