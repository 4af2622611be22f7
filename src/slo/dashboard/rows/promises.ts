import { percentText } from '../../rules/text.ts';
import type { Slo, SloSpec } from '../../spec/model.ts';
import { DAY_MS } from '../../windows.ts';
import type { Row } from '../json.ts';
import { text } from '../panels.ts';

const LINE_HEIGHT_PX = 30;
const ROW_HEIGHT_PX = 38;

/** What the spec says of its objectives, with their runbooks. */
export function promisesRow({ slos }: SloSpec): Row {
  const lines = [
    '| Policy | Indicator | Objective | Period | Meaning | Runbook |',
    '|---|---|---|---|---|---|',
    ...slos.map((slo) => `| ${cells(slo).join(' | ')} |`),
  ];
  return {
    title: 'What is promised',
    panels: [
      text({
        title: 'Objectives and runbooks',
        description: 'What the service level objectives say, and what to do when one is in danger.',
        width: 24,
        height: 3 + Math.ceil((slos.length * LINE_HEIGHT_PX) / ROW_HEIGHT_PX),
        content: lines.join('\n'),
      }),
    ],
  };
}

function cells({ policy, sli, objective, periodMs, thresholdMs, description, runbook }: Slo): string[] {
  const threshold = thresholdMs === undefined ? '' : ` within ${thresholdMs} ms`;
  const address = runbook === undefined ? undefined : webAddress(runbook);
  return [
    plain(policy),
    plain(sli),
    `${percentText(objective)}${threshold}`,
    `${Number((periodMs / DAY_MS).toPrecision(4))} days`,
    plain(description ?? ''),
    address === undefined ? plain(runbook ?? '') : `[Runbook](<${address}>)`,
  ];
}

/** Text from outside as text in Markdown, which Grafana also looks through for HTML and variables. */
function plain(outside: string): string {
  return outside
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[&<>"'`*_~|\\[\](){}#!$:/@]/g, (sign) => `&#${sign.codePointAt(0)};`);
}

/** An address that a browser may be led to, as it can stand in Markdown; `undefined` for any other. */
function webAddress(address: string): string | undefined {
  try {
    const { protocol, href } = new URL(address);
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    return href.replace(/[<>|$[\]{}\\"'`]/g, (sign) => encodeURIComponent(sign).replace("'", '%27'));
  } catch {
    return undefined;
  }
}
