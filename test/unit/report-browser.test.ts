/** The page of a run in a real browser, where there is one. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportPage } from "../../src/page/report-page.js";
import { BrowserPage, findBrowser } from "../support/browser.js";
import { type InventedTask, inventedReport, manyTasks } from "./invented-run.js";

const browser = findBrowser();
if (browser === undefined)
  console.log("skipped: the report in a browser, because no chromium is on the PATH");

const hostile: InventedTask = {
  ...{ kind: "copy", label: `COPY public."<script>alert(1)</script>"`, pool: "tables" },
  ...{ durationMs: 900, rows: 7, bytes: 5_000_000 },
};
const long: InventedTask = { ...hostile, label: `COPY public.${"a_long_name_".repeat(10)}` };

describe.skipIf(browser === undefined)("in a browser", { timeout: 60_000 }, () => {
  let folder: string;
  let page: BrowserPage;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pgcopy-report-"));
    const tasks = [hostile, long, ...manyTasks(200, 3)];
    const jobs = { tables: 4, indexes: 4 };
    const file = join(folder, "run.html");
    await writeFile(file, reportPage(inventedReport({ tasks, jobs })));
    url = pathToFileURL(file).href;
    page = await BrowserPage.open(browser as string);
    await page.load(url);
  }, 60_000);

  afterAll(async () => {
    await page?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const textOf = (selector: string) =>
    page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).textContent`);

  test("it asks for nothing but itself, and has nothing to complain of", () => {
    const outside = page.requests.filter((asked) => asked !== url && !asked.startsWith("data:"));
    expect(outside).toEqual([]);
    expect(page.requests).toContain(url);
    expect(page.complaints).toEqual([]);
  });

  test("it shows what it should", async () => {
    expect(await page.evaluate("document.title")).toMatch(/^Copied in .*: postgres:\/\/me@new/);
    expect(await textOf("h1")).toMatch(/^✓ Copied in /);
    const text = await page.evaluate<string>("document.body.innerText");
    for (const words of ["Not verified", "Slowest tables", "<script>alert(1)</script>"])
      expect(text).toContain(words);
    expect(await page.evaluate("document.querySelectorAll('svg.lane').length")).toBe(8);
  });

  test("every bar of the timeline can be seen, and is where its time is", async () => {
    const widths = await page.evaluate<number[]>(
      "[...document.querySelectorAll('svg.lane rect')].map((bar) => bar.getBoundingClientRect().width)",
    );
    expect(widths.length).toBeGreaterThan(50);
    expect(Math.min(...widths)).toBeGreaterThan(0);
    const within = await page.evaluate<boolean>(`
      [...document.querySelectorAll("svg.lane rect")].every((bar) => {
        const [inner, outer] = [bar, bar.parentNode].map((one) => one.getBoundingClientRect());
        return inner.left >= outer.left - 1 && inner.right <= outer.right + 1;
      })`);
    expect(within).toBe(true);
  });

  test("the arrow keys tell of one task after the other", async () => {
    await page.evaluate("document.querySelector('svg.lane').focus()");
    await page.press("ArrowRight");
    expect(await textOf(".readout")).toBe(
      'COPY public."<script>alert(1)</script>"\n0.40 s to 1.30 s, 900 ms, 7 rows, 4.8 MB, 5.3 MB/s',
    );
    await page.evaluate("document.querySelectorAll('svg.lane')[2].focus()");
    await page.press("ArrowRight");
    const first = await textOf(".readout");
    expect(first).toContain("public.table_");
    await page.press("ArrowRight");
    expect(await textOf(".readout")).not.toBe(first);
    await page.press("ArrowLeft");
    expect(await textOf(".readout")).toBe(first);
  });

  test("the timeline can be widened", async () => {
    const width = () =>
      page.evaluate<number>("document.querySelector('.canvas').getBoundingClientRect().width");
    const before = await width();
    await page.evaluate(`document.querySelector('input[value="4"]').click()`);
    expect(await width()).toBeGreaterThan(3 * before);
    await page.evaluate(`document.querySelector('input[value="1"]').click()`);
    expect(await width()).toBe(before);
  });

  test.each(["light", "dark"] as const)("all text can be read in %s", async (scheme) => {
    await page.setColours(scheme);
    expect(await page.evaluate<object[]>(contrasts)).toEqual([]);
    const paper = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const lightness = Number(/\d+/.exec(paper)?.[0]);
    expect(lightness > 128).toBe(scheme === "light");
  });

  test.each([1280, 700, 400, 320])("it is no wider than a window of %d", async (width) => {
    await page.setWidth(width);
    const widest = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(widest).toBeLessThanOrEqual(width);
  });

  test("printed, it is light, and nothing is cut off", async () => {
    await page.setWidth(700);
    await page.setColours("dark", "print");
    const paper = await page.evaluate<string>(
      "getComputedStyle(document.documentElement).getPropertyValue('--paper')",
    );
    expect(paper.trim()).toBe("#fcfcfa");
    const cut = await page.evaluate<string[]>(`
      [...document.querySelectorAll(".scroll, .wide")]
        .filter((one) => one.getBoundingClientRect().width < one.scrollWidth - 1)
        .map((one) => one.textContent.slice(0, 80))`);
    expect(cut).toEqual([]);
    expect(await page.evaluate("getComputedStyle(document.querySelector('.zoom')).display")).toBe(
      "none",
    );
  });
});

/** Text that does not stand out from what is behind it (WCAG 2.1, 1.4.3: 4.5 to 1), with its colours. */
const contrasts = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    // The names on the timeline stand on bars, which are drawn in the colour of their class.
    const classes = element.matches(".track > span:not(.stopped)") ? element.classList[0] : undefined;
    const bar = classes && document.querySelector("svg.lane rect." + classes);
    if (bar) return getComputedStyle(bar).fill;
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  return [...document.querySelectorAll("body *")]
    .filter((element) => element instanceof HTMLElement && hasText(element))
    .filter((element) => element.checkVisibility() && element.tagName !== "SCRIPT")
    .map((element) => {
      const [text, back] = [getComputedStyle(element).color, behind(element)];
      const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      return { ratio, text, back, words: element.textContent.slice(0, 40) };
    })
    .filter(({ ratio }) => ratio < 4.5)
    .slice(0, 5);
})()`;
