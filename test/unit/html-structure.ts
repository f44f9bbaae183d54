/** Whether a text is well-formed HTML of the strict kind: each element closed, in order, attributes quoted. */

const VOID = new Set(["meta", "link", "input", "br"]);
/** What is in these is no HTML. */
const RAW = /<(script|style)([^>]*)>([\s\S]*?)<\/\1>/g;

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** @throws Error that says what is wrong, and near which text. */
export function elementsOf(page: string): Element[] {
  const text = page.replace(/^<!doctype html>\n/, "").replace(RAW, "<$1$2></$1>");
  if (text.length === page.length) throw new Error("there is no doctype");
  const open: string[] = [];
  const elements: Element[] = [];
  const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9-]*(?:="[^"<>]*")?)*)\s*(\/?)>|[<>]/gi;
  for (const match of text.matchAll(tag)) {
    const [whole, closing, name = "", attributes = "", self] = match;
    const near = text.slice(Math.max(0, match.index - 60), match.index + 60);
    if (name === "") throw new Error(`a bare ${whole} near: ${near}`);
    if (closing === "/") {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> closes ${last} near: ${near}`);
      continue;
    }
    elements.push({ name, attributes: attributesOf(attributes) });
    if (self !== "/" && !VOID.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(", ")}`);
  return elements;
}

function attributesOf(text: string): Map<string, string> {
  const pairs = text.matchAll(/([a-z][a-z0-9-]*)(?:="([^"]*)")?/gi);
  return new Map([...pairs].map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}

/** What a reader sees of it, in one line. */
export function textOf(page: string): string {
  return page
    .replace(RAW, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");
}
