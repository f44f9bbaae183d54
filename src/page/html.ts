/** HTML in which nothing can be forgotten to be escaped: whatever is put in is text, unless it is `Html`. */

import { printable } from "../printable.js";

/** A piece of HTML that is right already. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** Its values become text; nothing for undefined and false, one after the other for a list. */
export function html(pieces: TemplateStringsArray, ...values: readonly Part[]): Html {
  let text = pieces[0] ?? "";
  for (const [i, value] of values.entries()) text += rendered(value) + (pieces[i + 1] ?? "");
  return new Html(text);
}

function rendered(value: Part): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value === "object") return value.map(rendered).join("");
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Line breaks are kept: the messages of a server have some. */
function escaped(text: string): string {
  return text
    .split("\n")
    .map(printable)
    .join("\n")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
