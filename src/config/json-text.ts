/**
 * JSON with places: where a text stops being JSON is told by line and column, which `JSON.parse` of
 * Node.js 20 doesn't, and so is the line of every key. A key that is there twice is an error: one of the
 * two values would be lost without a word. The grammar is RFC 8259's.
 */

export interface JsonText {
  readonly value: unknown;
  /** The lines, from 1, of the keys of the outermost object. */
  readonly keyLines: ReadonlyMap<string, number>;
}

/** What is wrong with a text, and where; `line` and `column` count from 1. */
export class JsonTextError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Deeper than any option, and far from the end of the stack. */
const DEEPEST = 64;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** @throws JsonTextError */
export function parseJsonText(text: string): JsonText {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #keyLines = new Map<string, number>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonText {
    // Editors on Windows like to begin a file with a byte order mark.
    if (this.#text.startsWith("\ufeff")) this.#at++;
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#wrong("nothing may follow the value");
    return { value, keyLines: this.#keyLines };
  }

  #value(): unknown {
    this.#space();
    const character = this.#text[this.#at];
    if (character === "{") return this.#nested(() => this.#object());
    if (character === "[") return this.#nested(() => this.#array());
    if (character === '"') return this.#string();
    NUMBER.lastIndex = this.#at;
    const token =
      NUMBER.exec(this.#text)?.[0] ??
      /^[a-z]+/.exec(this.#text.slice(this.#at, this.#at + 8))?.[0] ??
      "";
    if (token === "" || (/^[a-z]/.test(token) && !WORDS.has(token)))
      throw this.#wrong("a value is expected");
    this.#at += token.length;
    return WORDS.has(token) ? WORDS.get(token) : Number(token);
  }

  #nested(parse: () => unknown): unknown {
    if (++this.#depth > DEEPEST) throw this.#wrong("too many values within values");
    const value = parse();
    this.#depth--;
    return value;
  }

  #object(): Record<string, unknown> {
    const members = new Map<string, unknown>();
    this.#list("}", () => {
      if (this.#text[this.#at] !== '"') throw this.#wrong('a key in "double quotes" is expected');
      const begin = this.#at;
      const key = this.#string();
      if (members.has(key)) throw this.#wrong(`${JSON.stringify(key)} is there twice`, begin);
      if (this.#depth === 1) this.#keyLines.set(key, this.#place(begin).line);
      this.#space();
      if (this.#text[this.#at] !== ":") throw this.#wrong("a colon is expected");
      this.#at++;
      members.set(key, this.#value());
    });
    // Not by assignment, which would take __proto__ for something else.
    return Object.fromEntries(members);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#list("]", () => {
      items.push(this.#value());
    });
    return items;
  }

  /** What is between brackets, separated by commas. */
  #list(end: "}" | "]", item: () => void): void {
    this.#at++;
    this.#space();
    for (let first = true; this.#text[this.#at] !== end; first = false) {
      if (!first) {
        if (this.#text[this.#at] !== ",") throw this.#wrong(`a comma or ${end} is expected`);
        const comma = this.#at++;
        this.#space();
        if (this.#text[this.#at] === end)
          throw this.#wrong("JSON has no comma after the last one", comma);
      }
      item();
      this.#space();
    }
    this.#at++;
  }

  #string(): string {
    const begin = this.#at;
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined || character < " ")
        throw this.#wrong("the text is not closed on its line", begin);
      if (character === "\\") this.#at++;
    }
    this.#at++;
    try {
      return JSON.parse(this.#text.slice(begin, this.#at));
    } catch {
      throw this.#wrong("a backslash in this text begins no escape that JSON has", begin);
    }
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
    if (/^\/[/*]/.test(this.#text.slice(this.#at, this.#at + 2)))
      throw this.#wrong("JSON has no comments");
  }

  #wrong(message: string, at = this.#at): JsonTextError {
    const { line, column } = this.#place(at);
    const ended = at >= this.#text.length ? ", and the text ends" : "";
    return new JsonTextError(message + ended, line, column);
  }

  #place(at: number): { line: number; column: number } {
    const before = this.#text.slice(0, at).split(/\r\n|\r|\n/);
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}
