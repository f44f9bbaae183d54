/**
 * The lines at the bottom of a terminal that are drawn again and again, and the lines that stay
 * above them. A frame is one write: it moves up to the first live line, writes over what is there
 * (erasing only what is left over, so nothing blinks) and ends behind the last one. The terminal is
 * asked to show it at once (mode 2026; those that don't know it ignore it) and not to wrap (mode 7),
 * so that a character wider than thought can't shift the lines below it.
 */

import { displayWidth } from "./display-width.js";
import { columnsOf, type OutputStream } from "./output.js";

const ESC = "\u001b[";
const BEGIN_FRAME = `${ESC}?2026h${ESC}?7l`;
const END_FRAME = `${ESC}?7h${ESC}?2026l`;
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
const ERASE_LINE_REST = `${ESC}K`;
const ERASE_BELOW = `${ESC}J`;
const COLOUR = new RegExp(`${ESC.replace("[", "\\[")}\\d+m`, "g");

export class LiveArea {
  readonly #stream: OutputStream;
  /** Widths of the live lines on the screen; the cursor stands at the end of the last one. */
  #drawn: readonly number[] = [];
  #cursorHidden = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** How wide a line may be: a column less than the terminal, as some wrap on a full line. */
  get columns(): number {
    return Math.max(20, columnsOf(this.#stream)) - 1;
  }

  /** How many live lines fit, with one line of what was there before them. */
  get rows(): number {
    return Math.max(2, this.#stream.rows || 24) - 1;
  }

  /** Puts `above` where the live lines begin, for good, and the live lines below it. */
  draw(live: readonly string[], above: readonly string[] = []): void {
    const shown = live.slice(0, this.rows);
    let frame = BEGIN_FRAME + this.#toFirstLine();
    if (shown.length > 0 && !this.#cursorHidden) frame = HIDE_CURSOR + frame;
    for (const line of above) frame += `${line}${ERASE_LINE_REST}\n`;
    frame += shown.map((line) => line + ERASE_LINE_REST).join("\n");
    frame += ERASE_BELOW + END_FRAME;
    this.#drawn = shown.map((line) => displayWidth(line.replace(COLOUR, "")));
    this.#cursorHidden ||= shown.length > 0;
    this.#stream.write(frame);
  }

  /** Takes the live lines away and gives the cursor back. May be called more than once. */
  close(): void {
    if (!this.#cursorHidden) return;
    this.#stream.write(BEGIN_FRAME + this.#toFirstLine() + ERASE_BELOW + END_FRAME + SHOW_CURSOR);
    this.#drawn = [];
    this.#cursorHidden = false;
  }

  /**
   * Up to the first live line. A terminal that became narrower since has broken the lines that no
   * longer fit, so they now take more rows than were drawn.
   */
  #toFirstLine(): string {
    const columns = columnsOf(this.#stream);
    const rows = this.#drawn.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    const up = Math.min(rows, this.#stream.rows || rows) - 1;
    return up > 0 ? `\r${ESC}${up}A` : "\r";
  }
}
