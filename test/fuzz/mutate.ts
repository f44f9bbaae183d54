/** One text made out of others by small accidents: what a fuzz gives to a parser. */

import type { SeededRandom } from "../unit/seeded-random.js";

/** Longer ones find nothing that these don't, and take the time of a hundred others. */
const MOST_CHARACTERS = 40_000;

export interface Material {
  readonly corpus: readonly string[];
  /** Pieces that mean something to the parser. */
  readonly words: readonly string[];
}

/** A text of the corpus after one to eight accidents. */
export function mutated(random: SeededRandom, { corpus, words }: Material): string {
  let text = random.pick(corpus);
  for (let left = random.between(1, 8); left > 0; left--) {
    const accident = random.pick(accidents);
    text = accident(text, random, { corpus, words }).slice(0, MOST_CHARACTERS);
  }
  return text;
}

type Accident = (text: string, random: SeededRandom, material: Material) => string;

const accidents: readonly Accident[] = [
  function truncate(text, random) {
    return text.slice(0, random.between(0, text.length));
  },
  function remove(text, random) {
    const [from, to] = range(text, random);
    return text.slice(0, from) + text.slice(to);
  },
  function double(text, random) {
    const [from, to] = range(text, random);
    return text.slice(0, to) + text.slice(from);
  },
  function repeat(text, random, { words }) {
    const at = random.between(0, text.length);
    const word = random.chance(0.5) ? random.pick(words) : text.slice(...range(text, random));
    const times = random.pick([2, 3, 20, 300, 3_000]);
    const most = Math.floor(MOST_CHARACTERS / Math.max(1, word.length));
    return text.slice(0, at) + word.repeat(Math.min(times, most)) + text.slice(at);
  },
  function insertWord(text, random, { words }) {
    const at = random.between(0, text.length);
    return text.slice(0, at) + random.pick(words) + text.slice(at);
  },
  function replaceByWord(text, random, { words }) {
    const [from, to] = range(text, random);
    return text.slice(0, from) + random.pick(words) + text.slice(to);
  },
  function changeCharacter(text, random) {
    const at = random.between(0, text.length);
    return text.slice(0, at) + character(random) + text.slice(at + 1);
  },
  function splice(text, random, { corpus }) {
    const other = random.pick(corpus);
    const at = random.between(0, text.length);
    return text.slice(0, at) + other.slice(random.between(0, other.length));
  },
  function swapLines(text, random) {
    const lines = text.split("\n");
    const [a, b] = [random.between(0, lines.length - 1), random.between(0, lines.length - 1)];
    [lines[a], lines[b]] = [lines[b] ?? "", lines[a] ?? ""];
    return lines.join("\n");
  },
];

/** Mostly a short one. */
function range(text: string, random: SeededRandom): [from: number, to: number] {
  const from = random.between(0, text.length);
  const most = random.chance(0.8) ? 20 : 2_000;
  return [from, Math.min(text.length, from + random.between(1, most))];
}

const oddCharacters = [
  ..."\0\t\n\r\v\f\u001b\u007f\u0085\u009b\u00a0\u061c\u200b\u2028\u202e\ufeff\ufffd",
  ..."'\"`\\/$;:,.%@?&=#-*()[]{}<>~|+",
  "é",
  "ß",
  "漢",
  "🐘",
  "\ud800",
  "\udc00",
];

function character(random: SeededRandom): string {
  if (random.chance(0.6)) return random.pick(oddCharacters);
  return String.fromCodePoint(random.between(0x20, 0x7e));
}
