import type { Phrase } from './phrase.ts';

const MACHINES =
  'automat\\w+|machines?|CI|linters?|lint|bots?|scripts?|pipelines?|hooks?|alerts?|alarms?|gates?|guards?|jobs?|tests?|validators?|monitors?|probes?|cron|deploy tool';

/** Who does it, where it is a machine. One that people are to look at comes after the verb. */
const BY_MACHINE = {
  unlessBefore: [
    new RegExp(
      `\\b(?:${MACHINES})\\b(?!.*\\b(?:we|everyone|everybody|people|engineers?|developers?|operators?|reviewers?|team)\\b)[^,:]*$`,
      'i',
    ),
  ],
  unlessAfter: [
    new RegExp(`\\b(?:by|via|through) (?:\\w+ ){0,2}(?:${MACHINES})\\b|\\bin (?:CI|an? test)\\b`, 'i'),
  ],
} satisfies Partial<Phrase>;

/** Negations, without those that negate nothing (`without delay`, `no doubt`) and those that `but` takes back. */
const NOT =
  "(?:\\b(?:not(?! only| just| merely)|no(?! doubt| question| matter| less| fewer)|never|nothing(?! but)|nobody|no one|neither|none|rather than|instead of|without(?! (?:any )?(?:delay|doubt|exception|fail|question)))\\b|n['’]t\\b)(?!.*\\bbut\\b)";

/** Says that it is not relied upon, or tells what was relied upon. */
const NOT_RELIED =
  /\b(?:rel(?:y|ies|ied|ying|iance)|depend(?:s|ed|ing)?|instead of|rather than|nobody|no one|no longer|without(?! (?:any )?(?:delay|doubt|exception|fail|question))|not enough|not sufficient|does not help|is no prevention|(?:was|were) (?:told|asked)|ask(?:s|ed)|hop(?:e|es|ed|ing))\b/i;

const NEGATED = new RegExp(NOT, 'i');

/** Software that is called an operator, or something else that is called like a person: `the Postgres operator`. */
const SOFTWARE =
  /(?:^|\s)(?!(?:The|An?|Our|This|That|Each|Every|Some|One|No|Human|And|But|When|As|If)\s)\p{Lu}[\p{L}\p{N}-]*\s$/u;

/** What an error is counted or shown in, and what a guard does about it. */
const COUNTED_OR_GUARDED =
  /^ (?:rates?|budgets?|counts?|counters?|logs?|pages?|messages?|codes?|modes?|domains?|handlers?|handling|reports?|metrics?|ratios?|types?|class(?:es)?)\b|^ (?:is|are|was|were|gets?|becomes?|can(?:not)? be) (?:now )?(?:refused|prevented|caught|rejected|impossible|detected|blocked|tolerated|counted|logged|reported|retried|shown)\b/i;

const WHO =
  'everyone|everybody|people|us|them|all|staff|engineers?|developers?|operators?|colleagues?|reviewers?|(?:the |each |every |our )?(?:team|teams|on-call|staff|engineers?|developers?|operators?|members?|reviewers?)';
const PERSON =
  'engineers?|operators?|developers?|admins?|administrators?|users?|employees?|staff|interns?|contractors?|on-call|reviewers?|authors?|colleagues?|dba|sre|team';
const DUTIES =
  'notice|check(?! (?:in|out)\\b)|test|reali[sz]e|review|remember|tell|inform|roll back|escalate|communicate|pay attention';
const SEEN =
  'noticed|checked|known|seen|asked|told|read|thought|looked|realised|realized|remembered|tested|reviewed|verified|caught|paid|informed|called|understood|consulted|followed|waited|anticipated|foreseen|been (?:more |aware|careful)';

function effort(pattern: RegExp, { unlessBefore = [], ...extra }: Partial<Phrase> = {}): Phrase {
  return { rule: 'relies-on-people', pattern, unlessBefore: [NOT_RELIED, ...unlessBefore], ...extra };
}

function blame(pattern: RegExp, { unlessBefore = [], ...extra }: Partial<Phrase> = {}): Phrase {
  return { rule: 'blames-person', pattern, unlessBefore: [NEGATED, ...unlessBefore], ...extra };
}

/** Phrases in English. */
export const englishPhrases: readonly Phrase[] = [
  effort(
    /\b(?:be|being|stays?|staying) (?:(?:more|very|extra|especially|particularly|always) )*(?:careful|cautious|vigilant|attentive|diligent|mindful|alert to|thorough)\b/gi,
  ),
  effort(
    /\b(?:more|very|extra|act|work|proceed|handle \w+|review|check|deploy) (?:carefully|cautiously|diligently|thoroughly)\b/gi,
  ),
  effort(
    /(?<!\b(?:the|an?|each|every|this|that|our|its|load|unit|integration) )\b(?:review|check|inspect|verify|plan|handle|follow|test|deploy) (?:[\w'’/-]+ ){1,6}(?:carefully|cautiously|diligently|thoroughly|attentively)\b|\b(?:carefully|cautiously|diligently|thoroughly) (?:review|check|inspect|verify|plan|handle|follow|read|test)\b/gi,
    BY_MACHINE,
  ),
  effort(
    /\b(?:tak(?:e|ing)|exercis(?:e|ing)|with) (?:more|extra|greater|special|great|better) (?:care|caution)\b/gi,
  ),
  effort(/\bpay(?:ing)? (?:(?:more|closer|extra|special|better|close|particular|careful) )*attention\b/gi),
  effort(
    /\b(?:(?:try|work|think) (?:much )?harder|do (?:much )?better(?: next time)?|do(?:ing)? (?:our|your|their) best|make every effort|strive to|endeavou?r to|try (?:our|their) best)\b/gi,
    { unlessBefore: [/\b(?:clients?|retries|callers?|services?|systems?|instances?) $/i] },
  ),
  effort(
    /(?:^[^\p{L}]*|\b(?:always|please|must|should|will|to) |\b(?:everyone|we|engineers|reviewers|operators|people) )double[- ]check\b/giu,
    BY_MACHINE,
  ),
  effort(new RegExp(`\\b(?:remind|reminding|tell|urge|instruct|warn) (?:${WHO})\\b`, 'gi'), BY_MACHINE),
  effort(
    /\b(?:raise|raising|increase|increasing|improve|improving|strengthen) (?:\w+ )?(?:awareness|discipline|vigilance)\b|\bmore discipline\b/gi,
  ),
  effort(
    /\b(?:remember|don't forget|do not forget|not to forget) to\b(?!-)|\bkeep in mind\b|\bbear in mind\b/gi,
    BY_MACHINE,
  ),
  effort(
    /\b(?:make sure|ensure) (?:that )?(?:everyone|everybody|people|we|engineers|developers|operators|(?:the )?team) (?:always )?(?:know|knows|remember|remembers|follow|follows|read|reads|check|checks|understand|understands|is aware|are aware)\b/gi,
    BY_MACHINE,
  ),
  effort(
    /\b(?:strictly|properly|carefully|always) (?:follow|adhere to|observe|comply with)\b|\b(?:follow|adhere to) (?:the |all )?(?:\w+ )?(?:process|procedure|procedures|rules|runbook|checklist|guidelines) (?:more )?(?:strictly|closely|properly|carefully)\b/gi,
  ),
  effort(
    /\b(?:avoid|stop) (?:making )?(?:such |human |the same |these |this kind of )?mistakes?\b|\b(?:never|not) (?:let|allow) (?:this|it) (?:to )?happen again\b|\bnever do (?:this|that|it|so) again\b/gi,
  ),
  effort(/\bstress(?:ing)? the importance\b|\b(?:re-?educate|retrain) (?:the |all )?(?:\w+)/gi),
  blame(
    /\b(?:human|pilot|personal|individual|engineer|developer) (?:error|mistake|failure|negligence)s?\b|\boperator (?:error|mistake|negligence)s?\b|\b(?:to|by|from) user (?:error|mistake)s\b|\buser (?:error|mistake|negligence)\b/gi,
    {
      unless: /\b(?:SQL|Kubernetes|k8s|Helm|CRD)\b/,
      unlessBefore: [SOFTWARE],
      unlessAfter: [COUNTED_OR_GUARDED],
    },
  ),
  blame(
    /\bcareless(?:ness|ly)?\b|\bnegligen(?:t|ce|tly)\b|\binattenti(?:on|ve|veness)\b|\bincompeten(?:t|ce)\b|\bsloppy\b|\bsloppiness\b|\blazy (?:engineer|operator|developer|review)\w*|\black of (?:care|attention|discipline|diligence)\b/gi,
  ),
  blame(
    /\b(?:his|her|your|my) (?:own )?(?:mistake|fault|error|oversight|failure)\b|\btheir (?:own )?(?:mistake|fault|oversight)\b|\b(?:due to|because of|caused by|is|was|were) their (?:own )?(?:error|failure)s?\b/gi,
    { unlessAfter: [COUNTED_OR_GUARDED] },
  ),
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
  // What users and clients fail to do is the damage, not the cause.
  blame(new RegExp(`\\b(?:he|she|somebody|someone|(?!users?)(?:${PERSON})) failed to\\b`, 'gi'), {
    unlessBefore: [SOFTWARE],
  }),
  blame(new RegExp(`\\bthey failed to (?:${DUTIES})\\b`, 'gi')),
  blame(
    new RegExp(
      `\\b(?:he|she|they|we|somebody|someone|${PERSON}) (?:had )?(?:made|makes?) (?:a|an|the) (?:\\w+ )?mistake\\b(?! (?:im)?possible)`,
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
    unlessBefore: [
      /\b(?:alerts?|tests?|checks?|CI|monitors?|breakers?|circuits?|probes?|linters?|gates?|pipelines?|scripts?|queries|query|jobs?|validators?|it|that|which|dashboards?|nobody|no one) $/i,
    ],
  },
  {
    rule: 'hindsight',
    pattern: new RegExp(
      `\\b(?:should|could|ought to)(?:n't| not)?(?:'ve|’ve| have) been \\w+ by (?:the |an? |our )?(?:us|him|her|them|someone|somebody|${PERSON})\\b`,
      'gi',
    ),
  },
  {
    rule: 'hindsight',
    pattern:
      /\b(?:we|he|she|they|you|I|someone|somebody|everyone|team|engineers?|operators?|developers?|on-call|reviewers?) (?:really |also |clearly )?(?:should|ought to)(?:n't| not| never)?(?:'ve|’ve| have) (?:\w+ly |just |simply |never )?(?!(?:automated|shared|dedicated|centrali[sz]ed|limited|speed|need|open) (?!(?:the|an?|our|their|it|this|that|these|those) ))(?:\w{2,}ed|done|gone|run|set|put|read|made|had|been|got|kept|cut|shut|told|found|held|stood|led|met|paid|said|taken|given|known|seen|shown|written|chosen|thought|brought|caught|built|sent|left|lost|felt|understood|rolled)\b/gi,
  },
];
