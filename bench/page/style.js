// @ts-check
/** The page's looks. Bars are SVG, because browsers leave backgrounds out when they print. */

const light = `
--paper: #fcfcfa; --ink: #1d1e20; --soft: #5d6066; --line: #dcdcd6; --own: #2c68ae; --peer: #b9b6ab;
--step: #43a07c; --good: #1d6b45; --bad: #a3211b; --mark: #a3211b;`;

const dark = `
--paper: #15171a; --ink: #e6e5e1; --soft: #a2a5aa; --line: #34373c; --own: #5a9de6; --peer: #6d6c66;
--step: #5cc39c; --good: #7fd0a6; --bad: #ff9188; --mark: #ff9188;`;

export const style = `
:root { color-scheme: light dark; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1 { font-size: 2rem; line-height: 1.2; font-weight: 600; letter-spacing: -.015em; margin: 0; }
h2 { font-size: 1.3rem; font-weight: 600; margin: 3rem 0 .2rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.6rem 0 .3rem; }
p { margin: .3rem 0; max-width: 54rem; overflow-wrap: anywhere; }
.aside, footer, dt { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2.6rem; margin: 1.6rem 0 0; padding: 1rem 0; border: solid var(--line); border-width: 1px 0; }
.figures > div { display: flex; flex-direction: column-reverse; }
.figures dd { margin: 0; font-size: 1.45rem; line-height: 1.25; }
.figures dt { font-size: .87rem; }
ul { padding-left: 1.2rem; margin: .4rem 0; } li { overflow-wrap: anywhere; white-space: pre-wrap; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th { text-align: left; font-weight: 400; font-size: .87rem; color: var(--soft); vertical-align: bottom; }
th, td { padding: .28rem 1.2rem .28rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td:first-child { min-width: 9rem; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
tr.own td:first-child { font-weight: 600; }

.chart { margin: .8rem 0; overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 44rem; }
.chart text { font-size: 14px; fill: var(--ink); stroke: var(--paper); stroke-width: 4px; paint-order: stroke; }
.chart text.own { font-weight: 600; }
.chart .soft { fill: var(--soft); font-size: 13px; }
.chart .grid { stroke: var(--line); }
.chart rect.own, .chart rect.tasks { fill: var(--own); } .chart rect.peer { fill: var(--peer); }
.chart rect.step { fill: var(--step); } .chart rect.out { fill-opacity: .45; }
.chart .whisker { stroke: var(--ink); fill: none; stroke-width: 1.5; }
.chart .mark line { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 5 4; }
.chart .mark text { fill: var(--mark); font-size: 13px; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.4rem; margin: .6rem 0; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; font-size: .87rem; }

@media screen and (max-width: 44rem) {
  body { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  th, td { padding-right: .7rem; }
}
@media print {
  @page { margin: 14mm; }
  body { font-size: 9.5pt; padding: 0; max-width: none; background: none; }
  h1 { font-size: 18pt; } h2 { margin-top: 1.6rem; }
  h2, h3, .aside { break-after: avoid; }
  figure, tr, .figures { break-inside: avoid; }
  .chart, .scroll { overflow: visible; } .chart svg { min-width: 0; }
}
`;
