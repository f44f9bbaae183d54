/**
 * The page's only script. Without it everything is there, and the browser shows a task's words some
 * time after one points at it; with it they stand below the timeline at once, and the arrow keys
 * go from task to task.
 */

export const script = `
"use strict";
const readout = document.querySelector(".readout");
const lanes = [...document.querySelectorAll("svg.lane")];
let current;
const show = (bar) => {
  if (!bar || bar === current) return;
  current?.classList.remove("current");
  current = bar;
  bar.classList.add("current");
  readout.textContent = bar.firstElementChild.textContent;
};
if (readout && lanes.length > 0) {
  readout.hidden = false;
  readout.textContent = "Point at a task, or go to a line and use the arrow keys.\\n ";
}
for (const lane of lanes) {
  lane.tabIndex = 0;
  lane.addEventListener("pointerover", (event) => show(event.target.closest("rect")));
  lane.addEventListener("keydown", (event) => {
    const bars = lane.children;
    const at = current?.parentNode === lane ? [...bars].indexOf(current) : -1;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: bars.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(bars[Math.max(0, Math.min(bars.length - 1, to))]);
  });
}
`;
