/**
 * How many columns text takes on a terminal, and text made to fit. Where terminals disagree about a
 * character the larger width is taken: a line that is a column short looks fine, one that is a
 * column too long wraps and ruins every redraw after it.
 */

export { printable } from "../printable.js";

/** Spans of code points that take two columns (Unicode's East Asian Wide and Fullwidth, emoji). */
const WIDE_SPANS: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d37f],
  [0x1f000, 0x1faff],
  [0x20000, 0x3fffd],
];
const EMOJI = /\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** Asks for the emoji form of the character before it, which makes that one column wider. */
const EMOJI_SELECTOR = 0xfe0f;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Columns that printable text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (code === EMOJI_SELECTOR) return 1;
  if (NO_WIDTH.test(character)) return 0;
  if (EMOJI.test(character)) return 2;
  return WIDE_SPANS.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** The text cut to `width` columns, the cut marked by `ellipsis`; never in the middle of a character. */
export function truncate(text: string, width: number, ellipsis = "…"): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  if (room < 0) return "";
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > room) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** Cut or filled with spaces to exactly `width` columns. */
export function fitStart(text: string, width: number, ellipsis = "…"): string {
  const cut = truncate(text, width, ellipsis);
  return cut + " ".repeat(width - displayWidth(cut));
}

/** As `fitStart`, with the text at the right end. */
export function fitEnd(text: string, width: number, ellipsis = "…"): string {
  const cut = truncate(text, width, ellipsis);
  return " ".repeat(width - displayWidth(cut)) + cut;
}

/**
 * The text in lines of at most `width` columns, broken at spaces; lines after the first start with
 * `indent`. A word that is longer than a line is broken where the line ends.
 */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  const words = text.trimStart();
  let line = text.slice(0, text.length - words.length);
  for (const word of words.split(" ")) {
    const longer = line.trim() === "" ? line + word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line.trim() !== "") lines.push(line);
    line = (lines.length === 0 ? line : indent) + word;
    while (displayWidth(line) > width) {
      const head = truncate(line, width, "");
      // Only where not even one character fits: what is left has to go somewhere.
      if (head.trim() === "") break;
      lines.push(head);
      line = indent + line.slice(head.length);
    }
  }
  if (line.trim() !== "" || lines.length === 0) lines.push(line);
  return lines;
}
