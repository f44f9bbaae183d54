/**
 * The expression of a mask may hold a secret: a salt for a hash. It is quoted in an error, which may end up in
 * a log or in the report of a run, so constants are left out of it. Pure.
 */

/** Quoted names, comments, strings (one without an end reaches to the end), and numbers that could be a secret. */
const tokens =
  /"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\be'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$([a-z_]\w*|)\$[\s\S]*?(?:\$\1\$|$)|(?<![\w$])\d{3,}/gi;

/** The expression with its constants as stars. It is as long as before, so places in it stay the same. */
export function withoutConstants(text: string): string {
  return text.replaceAll(tokens, (token) =>
    token.startsWith('"') ? token : token.replaceAll(/[^'$\s]/g, "*"),
  );
}

/** The parser's words without the token that it stumbled over, where that is a constant or a comment. */
export function withoutQuotedConstant(words: string): string {
  return words.replace(/ at or near "(?=\d|[\s\S]*['$/])[\s\S]*$/, "");
}
