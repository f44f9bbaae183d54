/**
 * One entry of a filter: the name of an object, or regular expressions for its parts. Names are
 * written as in SQL: without quotes a name is folded to lower case, in quotes it may hold anything.
 * A regular expression is written as pgcopydb has it: `public.~/^tmp_/`.
 */

import { posixExpression } from "./posix-expression.js";

/** One part of a name: the name itself, or what it must match. */
export type NameTest = { readonly name: string } | { readonly expression: RegExp };

export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Where it was written, for messages: `shop.ini:7 [exclude-table]`, `--exclude-table`. */
  readonly from: string;
  /** The object's name, and before it its schema's if it has one. */
  readonly parts: readonly NameTest[];
}

/** What a pattern names: tables and indexes have a schema, schemas and extensions have none. */
export type PatternKind = "qualified" | "plain";

export interface ParsedPattern {
  readonly parts: readonly NameTest[];
  /** What comes after the pattern: in a file, a comment. */
  readonly rest: string;
  /** The pattern without it. */
  readonly text: string;
}

/**
 * Parses a pattern as far as it goes.
 *
 * @throws Error in words, if there is none, or it has too few or too many parts.
 */
export function parsePattern(text: string, kind: PatternKind): ParsedPattern {
  const reader = new Reader(text);
  const parts = [reader.part()];
  while (reader.skip(".")) parts.push(reader.part());
  if (kind === "qualified" && parts.length === 1)
    throw new Error(`it has no schema: write it as public.${reader.taken}`);
  if (kind === "plain" && parts.length > 1)
    throw new Error("it has a dot: quote a name that holds one");
  if (parts.length > 2) throw new Error("it has more than two parts: write it as schema.name");
  return { parts, rest: reader.rest, text: reader.taken };
}

/** Whether a name, part by part, is what the pattern says. */
export function matches(pattern: Pattern, ...name: readonly string[]): boolean {
  return pattern.parts.every((test, i) => {
    const part = name[i] ?? "";
    return "name" in test ? test.name === part : test.expression.test(part);
  });
}

/** What may open a regular expression after `~`, and what closes it. */
const delimiters: ReadonlyMap<string, string> = new Map([
  ...["//", "[]", "{}", "()", "<>", '""', "''", "||", "##", "$$"].map(
    (pair) => [pair.charAt(0), pair.charAt(1)] as const,
  ),
]);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get taken(): string {
    return this.#text.slice(0, this.#at);
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  skip(char: string): boolean {
    if (!this.rest.startsWith(char)) return false;
    this.#at += char.length;
    return true;
  }

  part(): NameTest {
    if (this.rest.startsWith("~")) return { expression: posixExpression(this.#expressions()) };
    if (this.rest.startsWith('"')) return { name: this.#quoted() };
    const [name = ""] = /^[^\s."=;#]+/.exec(this.rest) ?? [];
    if (name === "") throw new Error(this.rest === "" ? "a name is missing" : this.#unexpected());
    const odd = /[^\p{L}\p{N}_$-]/u.exec(name)?.[0];
    if (odd !== undefined) {
      throw new Error(
        `${odd} is no part of a plain name: quote the name, or write a regular expression such as ~/^tmp_/`,
      );
    }
    this.#at += name.length;
    // As PostgreSQL folds: other letters than these depend on a locale.
    return { name: name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) };
  }

  #quoted(): string {
    const [quoted] = /^"(?:[^"]|"")+"/.exec(this.rest) ?? [];
    if (quoted === undefined) throw new Error("a quoted name is empty, or has no closing quote");
    this.#at += quoted.length;
    return quoted.slice(1, -1).replaceAll('""', '"');
  }

  /** `~/one/~/two/` is one expression, put together. */
  #expressions(): string {
    let source = "";
    while (this.skip("~")) {
      const close = delimiters.get(this.rest.charAt(0));
      if (close === undefined)
        throw new Error("a regular expression is written between slashes: ~/^tmp_/");
      this.#at++;
      const length = endOf(this.rest, close);
      if (length === undefined) throw new Error(`a regular expression has no closing ${close}`);
      source += this.rest.slice(0, length);
      this.#at += length + 1;
    }
    if (source === "") throw new Error("a regular expression is empty");
    return source;
  }

  #unexpected(): string {
    return `${this.rest.charAt(0)} stands where a name should begin`;
  }
}

/** Where the closing delimiter is that no backslash stands before. */
function endOf(text: string, close: string): number | undefined {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === close) return at;
  }
  return undefined;
}
