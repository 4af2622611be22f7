/** How many shades the heat map has. */
export const HEAT_LEVELS = 10;

const heat = Array.from({ length: HEAT_LEVELS }, (_, at) => {
  const opacity = 0.1 + (0.9 * (at + 1)) / HEAT_LEVELS;
  return `.heat-${at + 1} { fill-opacity: ${opacity.toFixed(2)}; }`;
});

/** Colours and type, for light and dark pages. */
export const STYLE = `
  svg { color-scheme: light dark; font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    --paper: #ffffff; --ink: #1f2933; --soft: #616e7c; --rule: #d9dee4; --fault: #eef1f5; --track: #e4e8ed;
    --good: #2f8f5b; --warn: #d9902f; --bad: #c8453b; --probe: #e3b341;
    --database: #2a7f9e; --quotes: #b0631c; --stale: #eab54d; --rejected: #8a63b8; --late: #b0488a; --heat: #2a7f9e; --on: #ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #12171d; --ink: #e6eaef; --soft: #97a3b0; --rule: #323b45; --fault: #1f2731; --track: #2a333d;
      --good: #49b079; --warn: #e0a048; --bad: #e0645a; --probe: #e3b341;
      --database: #4fb3d4; --quotes: #e69a55; --stale: #d9a441; --rejected: #a988d3; --late: #d97bb5; --heat: #4fb3d4; --on: #0f1419; } }
  .paper { fill: var(--paper); } .fault { fill: var(--fault); } .track { fill: var(--track); }
  .good { fill: var(--good); } .warn { fill: var(--warn); } .bad { fill: var(--bad); } .probe { fill: var(--probe); }
  .stale { fill: var(--stale); } .rejected { fill: var(--rejected); } .late { fill: var(--late); }
  .heat { fill: var(--heat); } ${heat.join(' ')}
  .rule { stroke: var(--rule); stroke-width: 1; } .zero { stroke: var(--soft); stroke-width: 1; }
  .limit { stroke: var(--bad); stroke-width: 1.25; stroke-dasharray: 5 4; }
  .line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
  .line.database { stroke: var(--database); } .line.quotes { stroke: var(--quotes); }
  .dashed { stroke-dasharray: 7 4; } .dotted { stroke-dasharray: 1.5 4; }
  .of-database { fill: var(--database); } .of-quotes { fill: var(--quotes); }
  .title { fill: var(--ink); font-size: 20px; font-weight: 600; }
  .name { fill: var(--ink); font-size: 15px; font-weight: 600; }
  .subtitle { fill: var(--soft); font-size: 13px; }
  .figure { fill: var(--ink); font-size: 13px; font-variant-numeric: tabular-nums; }
  .label { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
  .end { font-size: 12px; font-weight: 600; }
  .state { fill: var(--on); font-size: 12px; font-weight: 600; }
  .phase { fill: var(--ink); font-size: 12px; font-weight: 600; }`;
