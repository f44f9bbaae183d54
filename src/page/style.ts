/**
 * The page's looks. Bars differ in lightness as well as in hue, so that they can be told apart in grey;
 * they are drawn as SVG, because browsers leave backgrounds out when they print.
 */

const light = `
--paper: #fcfcfa; --ink: #1d1e20; --soft: #5d6066; --line: #dcdcd6; --track: #f0f0ec;
--good: #1d6b45; --bad: #a3211b; --warn: #7d5200; --link: #1f5c99;
--schema: #3a3d5c; --rows: #2c68ae; --verify: #43a07c; --build: #e8a548; --rest: #cbc8bd;
--edge: #fcfcfa; --on-dark: #ffffff; --on-light: #16181b;
--schema-text: var(--on-dark); --rows-text: var(--on-dark);`;

const dark = `
--paper: #15171a; --ink: #e6e5e1; --soft: #a2a5aa; --line: #34373c; --track: #1e2125;
--good: #7fd0a6; --bad: #ff9188; --warn: #e9bd6c; --link: #8fc0f2;
--schema: #8d93c4; --rows: #5a9de6; --verify: #5cc39c; --build: #e8aa55; --rest: #85847d;
--edge: #15171a; --on-dark: #101214; --on-light: #101214;`;

export const style = `
:root { color-scheme: light dark; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 74rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
code, .message, .items { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
code { overflow-wrap: anywhere; white-space: pre-wrap; }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 600; letter-spacing: -.015em; margin: .2rem 0 1.2rem; }
h2 { font-size: 1.15rem; font-weight: 600; margin: 2.8rem 0 .6rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 1.4rem 0 .3rem; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); }
.release, .aside, dt { color: var(--soft); }
.release { margin: 0; }
dl { margin: 0; } dd { margin: 0; overflow-wrap: anywhere; }
.ends > div, .facts > div { display: grid; grid-template-columns: 3.2rem 1fr; gap: 0 .8rem; padding: .1rem 0; }
.facts > div { grid-template-columns: minmax(6rem, 12rem) 1fr; border-top: 1px solid var(--line); padding: .3rem 0; }
.facts dd { white-space: pre-wrap; }
.verdict { font-weight: 600; margin: 1rem 0 0; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2.6rem; margin-top: 1.6rem; padding: 1rem 0; border: solid var(--line); border-width: 1px 0; }
.figures > div { display: flex; flex-direction: column-reverse; }
.figures dd { font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; }
.figures dt { font-size: .87rem; }
.problem { border-left: 3px solid var(--bad); padding-left: 1.2rem; margin-top: 2rem; }
.problem h2 { margin-top: 0; }
.message { white-space: pre-wrap; color: var(--bad); max-width: none; margin-bottom: .8rem; }
.items { max-height: 24rem; overflow: auto; }
.warnings { border-left: 3px solid var(--warn); padding-left: 1.2rem; margin-top: 2rem; }
.warnings h2 { margin: 0; color: var(--warn); }
ul { padding-left: 1.2rem; margin: .4rem 0; } li { overflow-wrap: anywhere; }

.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 400; font-size: .87rem; color: var(--soft); vertical-align: bottom; }
th, td { padding: .28rem 1.2rem .28rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td:has(code) { min-width: 11rem; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
.meter { display: block; width: 100%; min-width: 5rem; height: .55rem; margin-top: .5rem; }
td:has(.meter) { width: 30%; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--link); width: fit-content; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }

.schema { fill: var(--schema); } .rows { fill: var(--rows); } .verify { fill: var(--verify); }
.build { fill: var(--build); } .rest { fill: var(--rest); } .failed { fill: var(--bad); }
.stopped { fill-opacity: .45; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .87rem; }
.swatch { width: .8rem; height: .8rem; margin-right: .45rem; vertical-align: -.08rem; }
.zoom { border: 0; padding: 0; margin: 0 0 .5rem; font-size: .87rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: .2rem .9rem; }
.zoom legend { float: left; padding: 0 .2rem 0 0; }
.zoom input { accent-color: var(--link); vertical-align: -.1rem; margin: 0; }

.run { margin: 0; --gutter: 5.4rem; --zoom: 1; }
${[2, 4, 8, 16].map((times) => `.run:has([value="${times}"]:checked) { --zoom: ${times}; }`).join("\n")}
.scroll { overflow-x: auto; }
.canvas { position: relative; width: calc(var(--gutter) + (100% - var(--gutter)) * var(--zoom)); padding-bottom: .3rem; }
.grid { position: absolute; inset: 1.5rem 0 0 var(--gutter); pointer-events: none; }
.grid i { position: absolute; top: 0; bottom: 0; border-left: 1px solid var(--line); }
.line { display: grid; grid-template-columns: var(--gutter) minmax(0, 1fr); margin-bottom: 2px; }
.name { position: sticky; left: 0; z-index: 2; background: var(--paper); font-size: .8rem; line-height: 18px; color: var(--soft); white-space: nowrap; overflow: hidden; padding-right: .6rem; }
.track { position: relative; min-height: 18px; }
.track svg { display: block; position: relative; width: 100%; height: 18px; }
.run:has([value="1"]:checked) .slim { display: none; }
.lane rect { shape-rendering: crispEdges; stroke-width: 1px; vector-effect: non-scaling-stroke; }
${["schema", "rows", "verify", "build", "rest"].map((name) => `.lane .${name} { stroke: var(--${name}); }`).join("\n")}
.lane rect.wide { stroke: var(--edge); }
.lane rect.failed { stroke: none; }
.lane rect.current, .lane rect:hover { stroke: var(--ink); stroke-width: 2px; }
.track > span { position: absolute; top: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; pointer-events: none; padding: 0 .35rem; font-size: .75rem; line-height: 18px; color: var(--on-light); }
.track > span.schema { color: var(--schema-text, var(--on-light)); }
.track > span.rows { color: var(--rows-text, var(--on-light)); }
.track > span.failed { color: var(--on-dark); }
.track > span.stopped { color: var(--ink); }
.axis .track { height: 1.5rem; }
.axis .track > span { color: var(--soft); padding: 0 0 0 .25rem; overflow: visible; pointer-events: none; }
.steps .track > span { color: var(--soft); pointer-events: auto; border-left: 1px solid var(--soft); background: var(--track); }
.steps .track > span.failed { color: var(--bad); border-color: var(--bad); }
.rate { margin: .4rem 0 .6rem; }
.rate .name { display: flex; flex-direction: column; justify-content: space-between; }
.rate b { font-weight: 400; line-height: 1; text-align: right; }
.rate svg { height: 4.5rem; border-bottom: 1px solid var(--soft); }
.rate path { fill: var(--rows); }
.rate line { stroke: var(--soft); stroke-dasharray: 2 4; vector-effect: non-scaling-stroke; }
.readout { min-height: 3em; white-space: pre-wrap; max-width: none; margin-top: .6rem; font-size: .9rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .87rem; }

@media screen and (max-width: 44rem) {
  body { padding: 1.2rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  .o { display: none; }
  .run { --gutter: 4.2rem; } .name { font-size: .72rem; }
  .axis .track > span:nth-child(even) { display: none; }
  .figures { gap: .8rem 1.6rem; } .figures dd { font-size: 1.2rem; }
  .facts > div { grid-template-columns: 1fr; }
  th, td { padding-right: .7rem; }
}
@media print {
  @page { margin: 14mm; }
  body { font-size: 9.5pt; padding: 0; max-width: none; background: none; }
  h1 { font-size: 18pt; } h2 { margin-top: 1.6rem; }
  h2, h3, summary { break-after: avoid; }
  figure, tr, .figures, .facts > div { break-inside: avoid; }
  .zoom, .readout, .slim, details:not([open]) { display: none; }
  td:has(.meter) { width: 18%; }
  footer { margin-top: 1rem; break-before: avoid; }
  .run { --zoom: 1 !important; }
  .scroll, .wide, .items { overflow: visible; max-height: none; }
  .name { background: none; }
}
`;
