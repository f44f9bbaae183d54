/** The collations that a statement names: in columns, domains, indexes, partition keys, types and expressions. */

import type { Node } from "libpg-query";
import type { Statement } from "../plan/toc.js";
import { quoteQualified } from "../postgres/quote.js";

/** The few fields of a tree's nodes in which the name of a collation stands. */
interface MayNameCollation {
  /** CollateClause. */
  readonly collname?: readonly Node[];
  /** IndexElem, PartitionElem. */
  readonly collation?: readonly Node[];
  /** DefElem of a range type. */
  readonly defname?: string;
  readonly arg?: { readonly TypeName?: { readonly names?: readonly Node[] } };
}

/** Anywhere in a tree, each once; nothing where there are none. */
export function collationsIn(tree: object): Pick<Statement, "collations"> {
  const found = new Map<string, { schema: string; name: string }>();
  const note = (names: readonly Node[] | undefined) => {
    const [schema, name] = (names ?? []).flatMap((one) =>
      "String" in one ? [one.String.sval ?? ""] : [],
    );
    if (schema !== undefined && name !== undefined)
      found.set(quoteQualified(schema, name), { schema, name });
  };
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node: MayNameCollation = value;
    if (Array.isArray(node.collname)) note(node.collname);
    if (Array.isArray(node.collation)) note(node.collation);
    if (node.defname === "collation") note(node.arg?.TypeName?.names);
    for (const child of Object.values(value)) visit(child);
  };
  visit(tree);
  return found.size === 0 ? {} : { collations: [...found.values()] };
}
