/**
 * Regular expressions as PostgreSQL and POSIX write them, as JavaScript's. What the two share is
 * most of it; classes such as `[[:digit:]]` are translated, and an escaped character that needs no
 * escape, such as `\_`, is taken for itself.
 */

const classes: Readonly<Record<string, string>> = {
  alpha: String.raw`\p{L}`,
  digit: "0-9",
  alnum: String.raw`\p{L}\p{Nd}`,
  upper: String.raw`\p{Lu}`,
  lower: String.raw`\p{Ll}`,
  space: String.raw`\s`,
  blank: String.raw` \t`,
  punct: String.raw`!-\/:-@\[-\x60{-~`,
  word: String.raw`\p{L}\p{Nd}_`,
  xdigit: "0-9A-Fa-f",
};

/** What JavaScript wants escaped, and a class takes escaped. */
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/**
 * The expression, to be found anywhere in a name.
 *
 * @throws Error in words, if it is none.
 */
export function posixExpression(source: string): RegExp {
  let translated = "";
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === "\\") {
      at++;
      translated += escaped(source.charAt(at), inClass);
    } else if (inClass && char === "[") {
      const named = /^\[:(\w+):\]/.exec(source.slice(at));
      translated += named === null ? "\\[" : classOf(named[1] as string);
      if (named !== null) at += named[0].length - 1;
    } else if (!inClass && char === "[") {
      const opening = /^\[\^?\]?/.exec(source.slice(at))?.[0] ?? char;
      // A bracket that comes first in a class is one of its members.
      translated += opening.replace(/\]$/, "\\]");
      at += opening.length - 1;
      inClass = true;
    } else {
      if (char === "]") inClass = false;
      translated += char;
    }
  }
  return compile(translated);
}

function escaped(char: string, inClass: boolean): string {
  if (char === "") throw new Error("a backslash ends the expression");
  const meaningful = /\w/.test(char)
    ? char !== "_"
    : SYNTAX.test(char) || (inClass && char === "-");
  return meaningful ? `\\${char}` : char;
}

function classOf(name: string): string {
  const known = classes[name];
  if (known === undefined) throw new Error(`there is no class [:${name}:]`);
  return known;
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch (error) {
    const words = (error as Error).message.replace(/^Invalid regular expression: .*: /, "");
    throw new Error(`it is no regular expression: ${words.toLowerCase()}`);
  }
}
