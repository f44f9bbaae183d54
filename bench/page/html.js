// @ts-check
/** HTML in which nothing can be forgotten to be escaped: whatever is put in is text, unless it is `Html`. */

/** A piece of HTML that is right already. */
export class Html {
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  toString() {
    return this.#text;
  }
}

/**
 * Its values become text; nothing for undefined and false, one after the other for a list.
 *
 * @typedef {Html | string | number | undefined | false} Piece
 *
 * @param {TemplateStringsArray} pieces
 * @param {...(Piece | readonly Piece[])} values
 */
export function html(pieces, ...values) {
  const rendered = values.map((value) => [value].flat().map(escaped).join(""));
  return new Html(pieces.map((piece, i) => piece + (rendered[i] ?? "")).join(""));
}

/** @type {Readonly<Record<string, string>>} */
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** @param {Piece} value */
function escaped(value) {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
