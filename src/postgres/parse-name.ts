/** Names as people write them: `public.orders`, `public."Order Lines".id`. */

const NAME = /^(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))/;

/**
 * The parts of a dotted name, read as PostgreSQL reads it: what is not quoted is folded to lower
 * case, and only a quoted part may hold a dot, a space or an equal sign.
 *
 * @returns undefined for what is no such name.
 */
export function parseName(text: string): string[] | undefined {
  const parts: string[] = [];
  let rest = text.trim();
  for (;;) {
    const [whole, quoted, plain] = NAME.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    parts.push(quoted?.replaceAll('""', '"') ?? folded(plain ?? ""));
    rest = rest.slice(whole.length);
    if (rest === "") return parts;
    if (!rest.startsWith(".")) return undefined;
    rest = rest.slice(1);
  }
}

/** Only ASCII letters, as the server folds them in a database of a multi-byte encoding. */
function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
