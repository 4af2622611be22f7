import { isWorse } from '../incident/severity.ts';
import { betweenMs, countText } from './clock.ts';
import type { Page } from './page.ts';

/** Facts that people may want to say went well. Facts, not judgements. */
export function goodFacts(page: Page): string[] {
  const { incident, words } = page;
  const { fact } = words;
  const facts: string[] = [];
  const detection = betweenMs(incident.startedAt, incident.declaredAt);
  if (incident.trigger !== 'person' && detection !== undefined) {
    facts.push(fact.detected(page.duration(detection)));
  }
  const acknowledgement = betweenMs(incident.declaredAt, incident.acknowledgedAt);
  if (acknowledgement !== undefined) facts.push(fact.acknowledged(page.duration(acknowledgement)));
  const { during } = incident.impact;
  if (during !== null && during.servedStale > 0) {
    facts.push(fact.served(countText(during.servedStale), fact.stale));
  }
  if (during !== null && during.servedFallback > 0) {
    facts.push(fact.served(countText(during.servedFallback), fact.fallback));
  }
  const sent = incident.notifications.flatMap(({ sinks }) => sinks);
  if (sent.length > 0 && sent.every(({ result }) => result === 'delivered')) {
    facts.push(fact.delivered(countText(sent.length)));
  }
  for (const { outcome, text } of incident.mitigations) {
    if (outcome === 'helped') facts.push(fact.helped(page.text(text)));
  }
  return facts;
}

/** Facts that people may want to say did not go well. Facts, not judgements. */
export function badFacts(page: Page): string[] {
  const { incident, words } = page;
  const { fact } = words;
  const facts: string[] = [];
  if (incident.declaredAt !== null && incident.acknowledgedAt === null) facts.push(fact.neverAcknowledged);
  facts.push(...undelivered(page));
  if (incident.escalations.length > 0) facts.push(fact.escalated(countText(incident.escalations.length)));
  const notReached = incident.contacted.filter(({ reached }) => !reached);
  if (notReached.length > 0)
    facts.push(fact.notReached(page.texts(notReached.map(({ contact }) => contact))));
  for (const { outcome, text } of incident.mitigations) {
    if (outcome === 'made-worse') facts.push(fact.worse(page.text(text)));
  }
  for (const { state, runbook, step } of incident.runbookSteps) {
    if (state === 'surprise') facts.push(fact.surprise(page.text(runbook), step));
  }
  for (const { from, to } of incident.severityHistory) {
    if (from !== null && isWorse(to, from)) facts.push(fact.rose(words.severity[from], words.severity[to]));
  }
  const reopenings = incident.steps.filter(({ reopening }) => reopening).length;
  if (reopenings > 0) facts.push(fact.reopened(countText(reopenings)));
  if (incident.flapping) facts.push(fact.flapping);
  const reminders = incident.timeline.filter(({ kind }) => kind === 'reminded').length;
  if (reminders > 0) facts.push(fact.reminded(countText(reminders)));
  for (const { text, state, reason } of incident.checklists.flatMap(({ items }) => items)) {
    if (state === 'waived') facts.push(fact.waived(page.text(text), page.text(reason)));
  }
  for (const { collector, error } of incident.files) {
    if (error !== null) facts.push(fact.notCollected(page.text(collector), page.text(error)));
  }
  return facts;
}

/** How many notifications did not arrive, by sink and by how they ended. */
function undelivered(page: Page): string[] {
  const { fact, timeline } = page.words;
  const counts = new Map<
    string,
    { readonly sink: string; readonly result: 'failed' | 'dropped'; count: number }
  >();
  for (const { sink, result } of page.incident.notifications.flatMap(({ sinks }) => sinks)) {
    if (result !== 'failed' && result !== 'dropped') continue;
    const key = `${result} ${sink}`;
    const counted = counts.get(key) ?? { sink, result, count: 0 };
    counted.count += 1;
    counts.set(key, counted);
  }
  return [...counts.values()].map(({ sink, result, count }) =>
    fact.undelivered(countText(count), page.text(sink), timeline.result[result]),
  );
}
