import { shown } from '../../core/options.ts';
import type { Criticality } from '../../core/policy.ts';
import { isThenable } from '../../core/thenable.ts';
import { durationText } from '../duration-text.ts';
import { redact } from '../redact.ts';
import type { IncidentTrigger } from './trigger.ts';

/** How bad an incident is, worst first. */
export const severities = ['Critical', 'High', 'Medium', 'Low'] as const;
/** How bad an incident is. */
export type Severity = (typeof severities)[number];

/**
 * Whether the policy's fallbacks answer those whose calls fail.
 *
 * - `none`: the policy has no fallback.
 * - `untested`: it has one, and too few calls have needed it since the incident began to tell.
 * - `serving`: it answered at least nine of ten calls that needed it.
 * - `failing`: it answered fewer.
 */
export type FallbackState = 'none' | 'untested' | 'serving' | 'failing';

/** How fast the policy's error budgets burn, as its SLO alerts say. */
export interface BurnFacts {
  /** The most urgent burn alert that fires; `none` where none does. */
  readonly alert: 'page' | 'ticket' | 'none';
  /** The highest burn rate of those alerts; 1 spends the budget exactly by the end of its period. 0 where none fires. */
  readonly highestRate: number;
  /** Whether a budget was spent while the incident lasted. */
  readonly exhausted: boolean;
}

/** How many circuits of a policy turn calls away or probe that has several, one for each endpoint or key. */
export interface CircuitSpread {
  /** Whether the policy's own is open: that of calls without a key, or one that was opened for all. */
  readonly ownOpen: boolean;
  /** Whether a person disabled the policy's own, which holds for all calls: none is turned away then. Default `false`. */
  readonly letsAllThrough?: boolean | undefined;
  readonly endpoints: number;
  /** Those that get no calls: their circuits are open, or failover has ejected them for long. */
  readonly endpointsOpen: number;
  /** Keys that have a circuit: those seen lately. */
  readonly keys: number;
  readonly keysOpen: number;
}

/** What a severity rule decides by. */
export interface SeverityFacts {
  readonly policy: string;
  readonly criticality: Criticality;
  readonly fallback: FallbackState;
  /** What began the incident. */
  readonly trigger: IncidentTrigger;
  /** Whether a circuit of the policy turns calls away or probes; one that a person disabled does neither. */
  readonly circuitOpen: boolean;
  /** How far that goes; `undefined` where the policy has one circuit only. */
  readonly circuits?: CircuitSpread | undefined;
  /** Calls that ended since the last look. The last look is the latest one at which enough calls were there to judge by. */
  readonly calls: number;
  /** Calls since the last look that a fallback answered. */
  readonly served: number;
  /** Calls since the last look that failed, timed out or were turned away, with nothing to answer them. */
  readonly hurt: number;
  /** `hurt` as a share of `calls`, 0 to 1; `undefined` while fewer than 20 calls were seen. */
  readonly hurtShare: number | undefined;
  readonly burn: BurnFacts;
  /** How long the incident has lasted, in milliseconds. */
  readonly ageMs: number;
}

/** A severity with the reason for it, one sentence for people. */
export interface SeverityDecision {
  readonly severity: Severity;
  readonly why: string;
}

/** Decides how bad an incident is, at once. Called when it opens and at each look while it lasts. */
export type SeverityRule = (facts: SeverityFacts) => SeverityDecision;

const byCriticality: Readonly<Record<Criticality, Severity>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

/** Below this share of callers hurt, few are. */
const FEW_HURT = 0.05;
/** Up to this share of keys turned away, few are. */
const FEW_KEYS = 0.1;
/** From this age on, in milliseconds, an incident that still hurts callers is one step worse. */
const LONG_MS = 30 * 60_000;

/**
 * The default rule, after ITIL's matrix of impact and urgency: impact is the policy's criticality, less one step while
 * most callers are not hurt; urgency is that of the burn alerts of the SRE Workbook, where a page means now.
 *
 * - It begins as severe as the policy is critical.
 * - One step less while a fallback serves its callers, or fewer than 5 % of at least 20 callers are hurt, or only a
 *   ticket's burn alert began it and no circuit is open.
 * - One step less also while, with too few callers seen to say more, only circuits of up to a tenth of the keys are open,
 *   or of endpoints of which another one is closed; or while a person lets all calls through the circuits of a policy that
 *   has several.
 * - Not less while a page's burn alert fires, or once a budget is spent.
 * - One step more once it has lasted for 30 minutes and callers are still hurt.
 *
 * An incident never becomes less severe by itself: the highest severity that the rule gave stays.
 */
export const severityByImpact: SeverityRule = (facts) => {
  const { policy, criticality, ageMs, hurt } = facts;
  const subject = `'${policy}' is of ${criticality} criticality`;
  const urgent = urgencyOf(facts);
  const relief = reliefOf(facts);
  const full = byCriticality[criticality];
  const base =
    relief !== undefined && urgent === undefined
      ? { severity: oneStepLess(full), why: `${subject}${relief}` }
      : { severity: full, why: `${subject}${urgent ?? burdenOf(facts)}` };
  if (ageMs < LONG_MS || hurt === 0) return { severity: base.severity, why: `${base.why}.` };
  const why = `${base.why}, and callers are still hurt after ${durationText(ageMs)}.`;
  return { severity: oneStepMore(base.severity), why };
};

/** Why it is not less severe whatever serves the callers. */
function urgencyOf({ burn, fallback }: SeverityFacts): string | undefined {
  if (burn.exhausted) return ', and an error budget is spent';
  if (burn.alert !== 'page' || fallback === 'failing') return undefined;
  return `, and its error budget burns at ${rateText(burn.highestRate)} times the rate that it can bear`;
}

/** Why it is less severe than the policy is critical. */
function reliefOf(facts: SeverityFacts): string | undefined {
  const { fallback, hurt, calls, hurtShare, trigger, burn, circuitOpen } = facts;
  if (fallback === 'serving') return ', and its fallback serves the callers';
  if (fallback === 'untested') return ' and has a fallback, of which it is not known yet whether it serves';
  if (hurtShare !== undefined && hurtShare < FEW_HURT) return `, and ${hurt} of ${calls} calls are hurt`;
  const part = hurtShare === undefined ? partOf(facts) : undefined;
  if (part !== undefined) return part;
  if (trigger !== 'slo' || circuitOpen || burn.alert !== 'ticket') return undefined;
  return `, and its error budget burns slowly, at ${rateText(burn.highestRate)} times the rate that it can bear`;
}

/** What is said of circuits that cut off a part of the calls only: few keys, or endpoints that others stand in for. */
function partOf({ circuits, circuitOpen }: SeverityFacts): string | undefined {
  if (circuits === undefined || circuits.ownOpen) return undefined;
  if (circuits.letsAllThrough === true) return ', and a person lets all calls through its circuits';
  const { endpoints, endpointsOpen, keys, keysOpen } = circuits;
  if (!circuitOpen && endpointsOpen === 0) return undefined;
  if (keysOpen > keys * FEW_KEYS || (endpointsOpen > 0 && endpointsOpen === endpoints)) return undefined;
  if (endpointsOpen > 0) return `, and ${endpointsOpen} of its ${endpoints} endpoints do not answer`;
  return keysOpen > 0 ? `, and ${keysOpen} of ${keys} keys are turned away` : undefined;
}

function burdenOf({ fallback, served, hurt, circuits }: SeverityFacts): string {
  const burden =
    fallback === 'failing'
      ? ` and its fallback answers ${served} of ${served + hurt} calls`
      : ' and has no fallback';
  const { endpoints = 0, endpointsOpen = 0, keys = 0, keysOpen = 0 } = circuits ?? {};
  const spread = [
    ...(endpointsOpen === 0 ? [] : [`${endpointsOpen} of its ${endpoints} endpoints do not answer`]),
    ...(keysOpen === 0 ? [] : [`${keysOpen} of ${keys} keys are turned away`]),
  ];
  return [burden, ...spread].join(', and ');
}

function rateText(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Math.round(rate * 10) / 10);
}

/** What `rule` decides. Where it throws or gives no severity, `onError` is told and the default rule decides. */
export function decideSeverity(
  rule: SeverityRule | undefined,
  facts: SeverityFacts,
  onError: (error: unknown) => void,
): SeverityDecision {
  if (rule === undefined) return severityByImpact(facts);
  try {
    const decision: SeverityDecision = rule(facts);
    if (isThenable(decision)) {
      Promise.resolve(decision).catch(onError);
      throw new TypeError('the severity rule gave a promise: it must decide at once');
    }
    const { severity, why } = decision;
    if (severities.includes(severity)) return { severity, why: redact(String(why)) };
    throw new TypeError(
      `the severity rule gave ${shown(severity)}: expected one of ${severities.join(', ')}`,
    );
  } catch (error) {
    onError(error);
    return severityByImpact(facts);
  }
}

function oneStepMore(severity: Severity): Severity {
  return severities[severities.indexOf(severity) - 1] ?? 'Critical';
}

function oneStepLess(severity: Severity): Severity {
  return severities[severities.indexOf(severity) + 1] ?? 'Low';
}

/** Whether `a` is worse than `b`. */
export function isWorse(a: Severity, b: Severity): boolean {
  return severities.indexOf(a) < severities.indexOf(b);
}
