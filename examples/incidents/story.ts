import type { Incident, Incidents } from 'breakwater';
import type { IncidentCommand } from 'breakwater/incidents';

/** A command without its author. */
type Deed<Command = IncidentCommand> = Command extends IncidentCommand ? Omit<Command, 'by'> : never;

/**
 * What the people on call do, in the order in which they do it. They are made up; all that they react to is measured.
 * The same deeds are there on the command line, as `breakwater incident ack`, `note`, `hypothesis` and so on.
 */
export class OnCall {
  readonly #incidents: Incidents;
  readonly #id: string;

  constructor(incidents: Incidents, incident: Pick<Incident, 'id'>) {
    this.#incidents = incidents;
    this.#id = incident.id;
  }

  /** While calls still fail: who does what, who is told, what is hurt, what the cause may be. */
  respond(): void {
    this.#does('Ada', { do: 'acknowledge' });
    this.#does('Ada', { do: 'assign', role: 'commander', person: 'Ada' });
    this.#does('Ada', { do: 'assign', role: 'investigator', person: 'Grace' });
    this.#does('Ada', { do: 'war-room', url: 'https://meet.example.com/quotes' });
    this.#does('Ada', {
      do: 'contacted',
      contact: 'pricing-team',
      reached: true,
      text: 'They look at their service.',
    });
    this.#does('Ada', {
      do: 'affected',
      users: 'Visitors who ask for a quote that nobody asked for before.',
      scope: 'Quotes only. Quotes that are in the cache are shown as they were.',
    });
    this.#does('Ada', {
      do: 'update',
      text: 'Some quotes cannot be shown. We work with the pricing team.',
      nextUpdateMs: 1_800_000,
    });
    const refused = this.#does('Grace', {
      do: 'observe',
      text: 'The price service answers 503 within milliseconds.',
    });
    const healthy = this.#does('Grace', { do: 'observe', text: 'The database answers as ever.' });
    const ours = this.#does('Grace', {
      do: 'hypothesis',
      text: 'Our release made more requests than the price service takes.',
      reasoning: 'It went out shortly before.',
    });
    const theirs = this.#does('Grace', {
      do: 'hypothesis',
      text: 'The price service sheds load: it was left with one instance of three.',
      reasoning: 'It refuses at once instead of being slow.',
    });
    this.#does('Grace', {
      do: 'judge',
      hypothesis: ours,
      verdict: 'ruled-out',
      reason: 'The rate of requests is what it was before the release.',
    });
    this.#does('Grace', {
      do: 'note',
      text: 'Checked our request rate and our release: no trace there.',
      deadEnd: true,
    });
    this.#does('Grace', {
      do: 'evidence',
      hypothesis: theirs,
      text: 'The pricing team sees two of three instances fail their health check.',
      supports: true,
    });
    this.#does('Grace', {
      do: 'judge',
      hypothesis: theirs,
      verdict: 'confirmed',
      reason: 'The remaining instance answers 503 at the rate that three would take.',
      explains: [refused, healthy],
      doesNotExplain: [],
    });
    const waits = this.#does('Ada', {
      do: 'try',
      text: 'The pricing team puts the two instances back behind the load balancer.',
      hypothesis: theirs,
    });
    this.#does('Ada', {
      do: 'outcome',
      mitigation: waits,
      outcome: 'helped',
      text: 'Quotes are answered again.',
    });
    this.#does('Ada', { do: 'mitigated', reason: 'The pricing team has its instances back.' });
  }

  /** Once it is resolved: what was learned, what is to be done, and that nothing is left behind. */
  learn(): void {
    for (const [topic, text, evidence] of lessons) {
      this.#does('Grace', { do: 'learned', topic, text, evidence });
    }
    for (const action of actions) this.#does('Ada', { do: 'action', ...action });
    for (const item of this.#openItems()) {
      this.#does('Ada', { do: 'check', item, state: 'done', reason: 'Looked at after the repair.' });
    }
    this.#does('Ada', { do: 'close', reason: 'What is left is written down as actions.' });
  }

  /** Items of the checklists that are still to be done, less those that tell of a moment that is past. */
  #openItems(): readonly string[] {
    const checklists = this.#incidents.get(this.#id)?.toJSON().checklists ?? [];
    return checklists.flatMap(({ items }) =>
      items.filter(({ state, automatic }) => state === 'open' && !automatic).map(({ id }) => id),
    );
  }

  /** Does it, and gives the id of the part that it made, if any. */
  #does(by: string, deed: Deed): string {
    const before = new Set(partIds(this.#incidents.get(this.#id)));
    const incident = this.#incidents.do(this.#id, { ...deed, by });
    return partIds(incident).find((id) => !before.has(id)) ?? '';
  }
}

function partIds(incident: Incident | undefined): readonly string[] {
  if (incident === undefined) return [];
  const { observations, hypotheses, mitigations } = incident.toJSON();
  return [...observations, ...hypotheses, ...mitigations].map(({ id }) => id);
}

const lessons = [
  [
    'summary',
    'Two of three instances of the price service were down after a rollout, and the third refused requests. For seconds, quotes that were not in the cache could not be shown; all others were answered from the cache. It ended when the pricing team put the instances back.',
    undefined,
  ],
  ['why', 'The price service answered 503.', 'The errors that the policy counted.'],
  ['why', 'One instance had the load of three.', 'The health checks of the pricing team.'],
  ['why', 'Two instances failed their health check after a rollout.', 'The log of their rollout.'],
  ['why', 'The rollout went on although instances failed.', 'Its settings allow two of three to be down.'],
  ['why', 'Nobody had set what share must stay up.', 'The setting has its default.'],
  ['contributing', 'The cache holds only quotes that somebody asked for before.', undefined],
  [
    'went-well',
    'Known quotes were answered from the cache, and the price service was left in peace.',
    undefined,
  ],
  ['went-badly', 'We learned of the rollout from the pricing team, and only when we asked.', undefined],
  ['lucky', 'It was not a day of price changes: quotes from the cache were right.', undefined],
  [
    'second-stage',
    'Look at prefetching the quotes of the front page once the actions are done, on 2026-12-15.',
    undefined,
  ],
  ['thanks', 'The pricing team, who answered within a minute.', undefined],
] as const satisfies readonly (readonly [string, string, string | undefined])[];

const actions = [
  {
    text: 'Let the rollout of the price service stop when one instance of three is down.',
    kind: 'prevent',
    horizon: 'week',
    owner: 'pricing-team',
    checker: 'Ada',
    due: '2026-11-30',
  },
  {
    text: 'Show rollouts of the price service on our dashboard.',
    kind: 'detect',
    horizon: 'month',
    owner: 'Grace',
    due: '2026-12-15',
  },
  {
    text: 'Warm the cache with the quotes of the front page.',
    kind: 'mitigate',
    horizon: 'quarter',
    owner: 'Ada',
    due: '2027-01-31',
  },
] as const;
