/**
 * The gaps of a script: the whitespace and comments between two statements. pg_dump's headings lie
 * in gaps only, so a heading that is looked for here can't be text of a function body, a comment
 * on an object, a default or a quoted name.
 */

/** What the heading of a TOC entry says. */
export interface Heading {
  readonly dumpId: number;
  readonly classOid: number;
  readonly oid: number;
  readonly dependencies: readonly number[];
  readonly title: string;
}

const newline = 10;
const carriageReturn = 13;
const dash = 45;
const slash = 47;
const asterisk = 42;
const semicolon = 59;
/** Tab, newline, vertical tab, form feed, carriage return, space: the parser's own list. */
const blanks = new Set([9, newline, 11, 12, carriageReturn, 32]);

/** Where the gap that begins at `from` ends: the first byte of the next statement, or the script's end. */
export function endOfGap(script: Buffer, from: number): number {
  let at = from;
  while (at < script.length) {
    const byte = script[at]!;
    if (blanks.has(byte) || byte === semicolon) at++;
    else if (byte === dash && script[at + 1] === dash) at = endOfLine(script, at);
    else if (byte === slash && script[at + 1] === asterisk) at = endOfBlockComment(script, at);
    else break;
  }
  return at;
}

/** Where a statement ends, without the blanks before its semicolon. To the parser U+00A0 is a letter. */
export function endOfText(script: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && blanks.has(script[at - 1]!)) at--;
  return at;
}

function endOfLine(script: Buffer, from: number): number {
  let at = from;
  while (at < script.length && script[at] !== newline && script[at] !== carriageReturn) at++;
  return at;
}

/** Block comments nest in PostgreSQL. */
function endOfBlockComment(script: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < script.length) {
    if (script[at] === slash && script[at + 1] === asterisk) {
      depth++;
      at += 2;
    } else if (script[at] === asterisk && script[at + 1] === slash) {
      depth--;
      at += 2;
      if (depth === 0) break;
    } else at++;
  }
  return at;
}

/** The bytes that open a heading, by which a large script is cut into pieces. */
export const headingStart = "\n--\n-- TOC entry ";

const firstLine = /^-- TOC entry (\d+) \(class (\d+) OID (\d+)\)$/;
const dependencyLine = /^-- Dependencies:((?: \d+)+)$/;
/** Greedy from the left, so that a name holding `; Type:` stays whole; `s`, as it may hold U+2028. */
const nameLine = /^-- (?:[A-Z][a-z]+ for )?Name: (.*); Type: (.*); Schema: (.*); Owner: .*$/s;

/** The headings within one gap; several where an entry has no statement of its own. */
export function headingsIn(gap: string): Heading[] {
  if (!gap.includes("-- TOC entry ")) return [];
  const lines = gap.split(/\r\n|\n|\r/);
  const headings: Heading[] = [];
  for (const [index, line] of lines.entries()) {
    const first = lines[index - 1] === "--" ? firstLine.exec(line) : null;
    if (first === null) continue;
    const listed = dependencyLine.exec(lines[index + 1] ?? "");
    const name = lines[index + (listed === null ? 1 : 2)] ?? "";
    headings.push({
      dumpId: Number(first[1]),
      classOid: Number(first[2]),
      oid: Number(first[3]),
      dependencies: listed === null ? [] : listed[1]!.trim().split(" ").map(Number),
      title: titleOf(name),
    });
  }
  return headings;
}

function titleOf(line: string): string {
  const [, name, type, schema] = nameLine.exec(line) ?? [];
  if (name === undefined) return line.replace(/^-- /, "");
  return [type, schema === "-" ? "" : schema, name].filter((word) => word !== "").join(" ");
}
