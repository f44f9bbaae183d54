/** Where the command line writes to, in which colours, and with which characters. */

import type { Environment } from "../run/environment.js";

/** A stream as Node's `process.stdout`; the size is there only on a terminal. */
export interface OutputStream {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

/** What a command has of the process that it runs in. */
export interface Output {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Environment;
}

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

export interface ReportStyle {
  readonly paint: Paint;
  /** The widest that a line of text may be. */
  readonly width: number;
  /** The widest that a line of a table may be. */
  readonly tableWidth: number;
}

/** The characters that a terminal may lack. */
export interface Glyphs {
  readonly done: string;
  readonly barDone: string;
  readonly barLeft: string;
  readonly ellipsis: string;
}

const unicodeGlyphs: Glyphs = { done: "✓", barDone: "━", barLeft: "─", ellipsis: "…" };
const asciiGlyphs: Glyphs = { done: "*", barDone: "#", barLeft: ".", ellipsis: "..." };

/** Terminals that can't move the cursor, and streams that are no terminal, get plain lines. */
export function canRedraw(stream: OutputStream, environment: Environment): boolean {
  return stream.isTTY === true && environment.TERM !== "dumb";
}

/** Colours for a stream: none where nobody would see them or NO_COLOR (no-color.org) forbids them. */
export function paintFor(stream: OutputStream, environment: Environment): Paint {
  const coloured = canRedraw(stream, environment) && !environment.NO_COLOR;
  const code = (on: number, off: number) => (text: string) =>
    coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
  };
}

/** ASCII unless the locale says UTF-8, as the first that is set of LC_ALL, LC_CTYPE and LANG does. */
export function glyphsFor(environment: Environment): Glyphs {
  if (environment.TERM === "linux") return asciiGlyphs;
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG;
  if (locale === undefined || locale === "") {
    return environment.WT_SESSION === undefined ? asciiGlyphs : unicodeGlyphs;
  }
  return /utf-?8/i.test(locale) ? unicodeGlyphs : asciiGlyphs;
}

/** Columns of a terminal; one that doesn't know its size says 0. */
export function columnsOf(stream: OutputStream): number {
  return stream.columns || 80;
}

/** Columns for the text of a report: the terminal's, but no more than read well; 80 where there is no terminal. */
export function reportWidth(stream: OutputStream): number {
  return Math.min(tableWidth(stream), stream.isTTY === true ? 79 : 80);
}

/** Columns for a report's tables: all of the terminal's, lest names be cut that there is room for. */
export function tableWidth(stream: OutputStream): number {
  return stream.isTTY === true ? Math.max(20, columnsOf(stream) - 1) : 80;
}

/** How a report is written to the stream. */
export function reportStyle({ stdout, environment }: Output): ReportStyle {
  return {
    paint: paintFor(stdout, environment),
    width: reportWidth(stdout),
    tableWidth: tableWidth(stdout),
  };
}
