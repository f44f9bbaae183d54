/**
 * A small terminal: it interprets what the command line writes, the control codes that it uses and
 * no others, so that a test can look at the screen as a person would.
 */

import { displayWidth } from "../../src/cli/display-width.js";
import type { OutputStream } from "../../src/cli/output.js";

const ESC = "\u001b";
const CODE = new RegExp(`^${ESC}\\[(\\??)(\\d*)([A-Za-z])`);
/** A wide character takes its cell and this one. */
const SECOND_HALF = "";

export class Screen implements OutputStream {
  readonly isTTY = true;
  columns: number;
  rows: number;
  cursorHidden = false;
  /** How often a character did not fit its line: with a real terminal the screen would be broken. */
  overflows = 0;
  readonly writes: string[] = [];
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #wraps = true;
  readonly #listeners = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  on(_event: "resize", listener: () => void): void {
    this.#listeners.add(listener);
  }

  off(_event: "resize", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  write(text: string): boolean {
    this.writes.push(text);
    let rest = text;
    while (rest !== "") {
      const code = CODE.exec(rest);
      if (code !== null) {
        this.#control(code[1] === "?", code[2] ?? "", code[3] ?? "");
        rest = rest.slice(code[0].length);
      } else {
        const [character = ""] = rest;
        this.#put(character);
        rest = rest.slice(character.length);
      }
    }
    return true;
  }

  /** Everything that was ever shown and not erased, what scrolled off included. */
  get lines(): string[] {
    return this.#lines.map((cells) => cells.join("").trimEnd());
  }

  get text(): string {
    return this.lines.join("\n").trimEnd();
  }

  /** As most terminals do, breaks lines that no longer fit, and tells the program. */
  resize(columns: number): void {
    const before = this.#lines.slice(0, this.#row).flatMap((cells) => broken(cells, columns));
    const current = broken(this.#lines[this.#row] ?? [], columns);
    const after = this.#lines.slice(this.#row + 1).flatMap((cells) => broken(cells, columns));
    this.#lines = [...before, ...current, ...after];
    this.#row = before.length + current.length - 1;
    this.columns = columns;
    for (const listener of this.#listeners) listener();
  }

  #control(isPrivate: boolean, digits: string, letter: string): void {
    if (isPrivate) this.#mode(Number(digits), letter === "h");
    else if (letter === "A") this.#row = Math.max(this.#top(), this.#row - Number(digits || 1));
    else if (letter === "K") this.#line().splice(this.#column);
    else if (letter === "J") {
      this.#line().splice(this.#column);
      this.#lines.splice(this.#row + 1);
    } else if (letter !== "m") throw new Error(`the screen does not know CSI ${digits}${letter}`);
  }

  #mode(mode: number, on: boolean): void {
    if (mode === 25) this.cursorHidden = !on;
    else if (mode === 7) this.#wraps = on;
    else if (mode !== 2026) throw new Error(`the screen does not know mode ${mode}`);
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") {
      this.#column = 0;
      this.#row++;
      if (this.#row === this.#lines.length) this.#lines.push([]);
    } else if (character < " ") {
      throw new Error(`a control character reached the screen: ${JSON.stringify(character)}`);
    } else this.#print(character);
  }

  #print(character: string): void {
    const width = displayWidth(character);
    if (this.#column + width > this.columns) {
      this.overflows++;
      if (!this.#wraps) return;
      this.#put("\n");
    }
    const line = this.#line();
    while (line.length < this.#column) line.push(" ");
    if (width === 0) line[this.#column - 1] = (line[this.#column - 1] ?? "") + character;
    else {
      line[this.#column] = character;
      if (width === 2) line[this.#column + 1] = SECOND_HALF;
    }
    this.#column += width;
  }

  #line(): string[] {
    const line = this.#lines[this.#row];
    if (line === undefined) throw new Error("the cursor is below the screen");
    return line;
  }

  /** The cursor can't go up into what has scrolled off. */
  #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }
}

function broken(cells: string[], columns: number): string[][] {
  const lines: string[][] = [];
  for (let start = 0; start < cells.length; start += columns) {
    lines.push(cells.slice(start, start + columns));
  }
  return lines.length === 0 ? [[]] : lines;
}
