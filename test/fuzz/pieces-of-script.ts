/** What is left of a dump when its statements are taken away: of pg_dump's script nothing may get lost. */

import type { SchemaScript } from "../../src/plan/toc.js";

/** Session parameters that the splitter keeps beside the statements, and psql's own lines. */
const KEPT_ELSEWHERE =
  /^(?:\\(?:un)?restrict [^\n]*$|set\b[\s\S]*\bdefault_(?:tablespace|table_access_method)\b[\s\S]*)/i;

/**
 * The gaps between the statements of a script, in order: put between them they are the script.
 *
 * @throws Error if a statement is not in the script, where it should be.
 */
export function gapsOf(script: string, { preamble, entries }: SchemaScript): string[] {
  const statements = [...preamble, ...entries.flatMap((entry) => entry.statements)];
  const gaps: string[] = [];
  let at = 0;
  for (const { sql } of statements) {
    const gap = gapBefore(script, at, sql);
    gaps.push(script.slice(at, at + gap));
    at += gap + sql.length;
  }
  return [...gaps, script.slice(at)];
}

function gapBefore(script: string, from: number, sql: string): number {
  let at = from;
  for (;;) {
    at += lengthOfGap(script.slice(at));
    if (script.startsWith(sql, at)) return at - from;
    const kept = KEPT_ELSEWHERE.exec(firstStatement(script.slice(at)));
    if (kept === null) {
      const there = JSON.stringify(script.slice(at, at + 60));
      throw new Error(`${JSON.stringify(sql.slice(0, 60))} is not at ${at}, but ${there}`);
    }
    at += kept[0].length;
  }
}

/** Whether nothing is in it but space, comments, and what is kept elsewhere. */
export function isGap(text: string): boolean {
  let rest = text;
  for (;;) {
    rest = rest.slice(lengthOfGap(rest));
    if (rest === "") return true;
    const kept = KEPT_ELSEWHERE.exec(firstStatement(rest));
    if (kept === null) return false;
    rest = rest.slice(kept[0].length);
  }
}

/** Of psql's lines the line; else up to the semicolon that is not in a name, a string or a comment. */
function firstStatement(text: string): string {
  if (text.startsWith("\\")) return /^[^\n]*/.exec(text)?.[0] ?? "";
  return /^(?:--[^\n\r]*|\/\*[\s\S]*?\*\/|[^;"']|"[^"]*"|'[^']*')*/.exec(text)?.[0] ?? "";
}

function lengthOfGap(text: string): number {
  let at = 0;
  for (;;) {
    const plain = /^(?:[ \t\n\v\f\r;]|--[^\n\r]*)/.exec(text.slice(at, at + 100_000));
    if (plain !== null) at += plain[0].length;
    else if (text.startsWith("/*", at)) at += blockComment(text.slice(at));
    else return at;
  }
}

function blockComment(text: string): number {
  let depth = 0;
  for (const mark of text.matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.index + 2;
  }
  return text.length;
}
