import type { Phrase } from './phrase.ts';

/** What does without people's attention. */
const MACHINE =
  /\b(?:automat\w+|machines?|CI|linters?|lint|bots?|scripts?|pipelines?|hooks?|alerts?|alarms?|gates?|guards?|jobs?|tests?|validators?|monitors?|probes?|cron|deploy tool)\b/i;

/** Says that it is not relied upon, or tells what was relied upon. */
const NOT_RELIED =
  /\b(?:rel(?:y|ies|ied|ying|iance)|depend(?:s|ed|ing)?|instead of|rather than|nobody|no one|no longer|without|not enough|not sufficient|does not help|is no prevention|(?:was|were) (?:told|asked)|ask(?:s|ed)|hop(?:e|es|ed|ing))\b/i;

const NEGATED = /\b(?:not?|never|nobody|no one|rather than|instead of|without|isn't|wasn't|aren't)\b/i;

const WHO =
  'everyone|everybody|people|us|them|all|staff|engineers?|developers?|operators?|colleagues?|reviewers?|(?:the |each |every |our )?(?:team|teams|on-call|staff|engineers?|developers?|operators?|members?|reviewers?)';
const PERSON =
  'engineers?|operators?|developers?|admins?|administrators?|users?|employees?|staff|interns?|contractors?|on-call|reviewers?|authors?|colleagues?|dba|sre|team';
const SEEN =
  'noticed|checked|known|seen|asked|told|read|thought|looked|realised|realized|remembered|tested|reviewed|verified|caught|paid|informed|called|understood|consulted|followed|waited|anticipated|foreseen|been (?:more |aware|careful)';

function effort(pattern: RegExp, extra: Partial<Phrase> = {}): Phrase {
  return { rule: 'relies-on-people', pattern, unlessBefore: NOT_RELIED, ...extra };
}

function blame(pattern: RegExp, extra: Partial<Phrase> = {}): Phrase {
  return { rule: 'blames-person', pattern, unlessBefore: NEGATED, ...extra };
}

/** Phrases in English. */
export const englishPhrases: readonly Phrase[] = [
  effort(
    /\b(?:be|being|stay|staying) (?:(?:more|very|extra|especially|particularly|always) )*(?:careful|cautious|vigilant|attentive|diligent|mindful|alert to|thorough)\b/gi,
  ),
  effort(
    /\b(?:more|very|extra|act|work|proceed|handle \w+|review|check|deploy) (?:carefully|cautiously|diligently|thoroughly)\b/gi,
  ),
  effort(
    /\b(?:tak(?:e|ing)|exercis(?:e|ing)|with) (?:more|extra|greater|special|great|better) (?:care|caution)\b/gi,
  ),
  effort(/\bpay(?:ing)? (?:(?:more|closer|extra|special|better|close|particular|careful) )*attention\b/gi),
  effort(
    /\b(?:(?:try|work|think) (?:much )?harder|do (?:much )?better(?: next time)?|do(?:ing)? (?:our|your|their) best|make every effort|strive to|endeavou?r to|try (?:our|their) best)\b/gi,
  ),
  effort(
    /(?:^[^\p{L}]*|\b(?:always|please|must|should|will|to) |\b(?:everyone|we|engineers|reviewers|operators|people) )double[- ]check\b/giu,
    { unless: MACHINE },
  ),
  effort(new RegExp(`\\b(?:remind|reminding|tell|urge|instruct|warn) (?:${WHO})\\b`, 'gi'), {
    unless: MACHINE,
  }),
  effort(
    /\b(?:raise|raising|increase|increasing|improve|improving|strengthen) (?:\w+ )?(?:awareness|discipline|vigilance)\b|\bmore discipline\b/gi,
  ),
  effort(/\b(?:remember|don't forget|do not forget|not to forget) to\b|\bkeep in mind\b|\bbear in mind\b/gi, {
    unless: MACHINE,
  }),
  effort(
    /\b(?:make sure|ensure) (?:that )?(?:everyone|everybody|people|we|engineers|developers|operators|(?:the )?team) (?:always )?(?:know|knows|remember|remembers|follow|follows|read|reads|check|checks|understand|understands|is aware|are aware)\b/gi,
    { unless: MACHINE },
  ),
  effort(
    /\b(?:strictly|properly|carefully|always) (?:follow|adhere to|observe|comply with)\b|\b(?:follow|adhere to) (?:the |all )?(?:\w+ )?(?:process|procedure|procedures|rules|runbook|checklist|guidelines) (?:more )?(?:strictly|closely|properly|carefully)\b/gi,
  ),
  effort(
    /\b(?:avoid|stop) (?:making )?(?:such |human |the same |these |this kind of )?mistakes?\b|\b(?:never|not) (?:let|allow) (?:this|it) (?:to )?happen again\b/gi,
  ),
  effort(/\bstress(?:ing)? the importance\b|\b(?:re-?educate|retrain) (?:the |all )?(?:\w+)/gi),
  blame(
    /\b(?:human|operator|user|pilot|personal|individual|engineer|developer) (?:error|mistake|failure|negligence)s?\b/gi,
  ),
  blame(
    /\bcareless(?:ness|ly)?\b|\bnegligen(?:t|ce|tly)\b|\binattenti(?:on|ve|veness)\b|\bincompeten(?:t|ce)\b|\bsloppy\b|\bsloppiness\b|\blazy (?:engineer|operator|developer|review)\w*|\black of (?:care|attention|discipline|diligence)\b/gi,
  ),
  blame(/\b(?:his|her|their|your|my) (?:own )?(?:mistake|fault|error|oversight|failure)\b/gi),
  blame(/\b\p{Lu}[\p{L}-]+(?:'|’)s (?:mistake|fault|carelessness|oversight|negligence|bad judgement)\b/gu),
  blame(
    new RegExp(
      `\\b(?:${PERSON})(?:'|’)s? (?:mistake|fault|error|oversight|carelessness|negligence)\\b`,
      'gi',
    ),
  ),
  blame(
    new RegExp(
      `\\b(?:he|she|they|we|somebody|someone|${PERSON}|\\p{Lu}\\p{Ll}+) (?:simply |just |had )?(?:forgot|forgotten|neglected) to\\b`,
      'giu',
    ),
  ),
  blame(new RegExp(`\\b(?:he|she|they|somebody|someone|${PERSON}) failed to\\b`, 'gi')),
  blame(
    new RegExp(
      `\\b(?:he|she|they|we|somebody|someone|${PERSON}) (?:had )?(?:made|makes?) (?:a|an|the) (?:\\w+ )?mistake\\b`,
      'gi',
    ),
  ),
  blame(/\b(?:is|are|was|were) to blame\b/gi),
  {
    rule: 'hindsight',
    pattern: new RegExp(
      `\\b(?:should|could|ought to)(?:n't| not)?(?:'ve|’ve| have) (?:\\w+ly |just |simply )?(?:${SEEN})\\b`,
      'gi',
    ),
    unlessBefore:
      /\b(?:alerts?|tests?|checks?|CI|monitors?|breakers?|circuits?|probes?|linters?|gates?|pipelines?|scripts?|queries|query|jobs?|validators?|it|that|which|dashboards?|nobody|no one) $/i,
  },
  {
    rule: 'hindsight',
    pattern:
      /\b(?:we|he|she|they|you|I|someone|somebody|everyone|team|engineers?|operators?|developers?|on-call|reviewers?) (?:really |also |clearly )?(?:should|ought to)(?:n't| not)?(?:'ve|’ve| have) \w+/gi,
    unlessAfter: /^ (?:an?|the|one|two|more)\b/i,
  },
];
