/** Names and messages that come from a server, made safe to show. */

/** Control characters, lone surrogates, and those that turn the writing direction around. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from a server made safe to show: a table may be called anything, also a line break or a code
 * that clears the screen. Such characters are shown as escapes.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}
