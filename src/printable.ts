/** Names and messages that come from a server, made safe to show. */

/**
 * Control characters, lone surrogates, line separators, those that turn the writing direction around, and
 * those that show nothing: two names that look the same may be two tables.
 */
export const UNPRINTABLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff\ufff9-\ufffb]/gu;

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
