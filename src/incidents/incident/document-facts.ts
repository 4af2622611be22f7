/** Counts of calls while the incident lasted. */
export interface CallFactsJson {
  /** Calls that ended, however they did. */
  readonly calls: number;
  /** Calls whose caller got an error of the dependency or of the operation. */
  readonly failed: number;
  readonly timedOut: number;
  readonly rejected: number;
  /** Retries that were made. */
  readonly retried: number;
  readonly servedStale: number;
  /** Calls that a fallback function answered. */
  readonly servedFallback: number;
}

/** What the incident did to callers. */
export interface ImpactJson {
  /** The incident's own policy, since it began; `null` before the first look. */
  readonly during: CallFactsJson | null;
  /** From histograms, in milliseconds. Before: since the process began. */
  readonly latency: {
    readonly p50BeforeMs: number | null;
    readonly p99BeforeMs: number | null;
    readonly p50DuringMs: number | null;
    readonly p99DuringMs: number | null;
  };
  readonly budget: readonly {
    readonly sli: string;
    readonly objective: number;
    /** Shares of the period's budget; negative when it is overspent. */
    readonly remainingBefore: number | null;
    readonly remainingAfter: number | null;
    /** Share of the budget that was spent during the incident. */
    readonly spent: number | null;
  }[];
  readonly errors: readonly {
    readonly kind: string;
    readonly count: number;
    readonly sample: string;
    readonly traceId: string | null;
  }[];
  /** Errors of kinds that are not listed. */
  readonly otherErrors: number;
  /** Policies that depend on this one (`dependsOn`). */
  readonly dependants: readonly string[];
  /** What uses the policy (`usedBy`): features, teams. */
  readonly usedBy: readonly string[];
}

/** How things stood when the incident began. */
export interface SituationJson {
  readonly circuits: readonly Readonly<Record<string, unknown>>[];
  readonly pipeline: readonly string[];
  readonly process: {
    readonly version: string;
    readonly node: string;
    readonly uptimeMs: number;
    readonly rssBytes: number;
    readonly heapUsedBytes: number;
    /** Since the incident is open; `null` before the first look. */
    readonly eventLoopDelayP99Ms: number | null;
  };
  /** Recent changes, the latest first. */
  readonly changes: readonly {
    readonly at: string;
    readonly version: string | null;
    readonly what: string;
  }[];
  readonly similar: readonly {
    readonly incident: string;
    readonly summary: string;
    readonly resolvedAt: string | null;
    readonly why: string;
  }[];
  /** The runbooks for the policy, as its options had them. */
  readonly runbooks: readonly RunbookJson[];
}

/** A runbook as it was when an incident began. */
export interface RunbookJson {
  readonly policy: string;
  readonly title: string;
  readonly url: string | null;
  readonly steps: readonly {
    readonly text: string;
    /** To be copied, with its lines. */
    readonly command: string | null;
    readonly link: string | null;
    readonly check: string;
    readonly twoPeople: boolean;
  }[];
}
