/** An expression of a mask in an error: what may be a secret in it is not shown. */

import { expect, test } from "vitest";
import { parseRowRules } from "../../src/engine/row-rules.js";
import { PgCopyError } from "../../src/errors.js";
import { withoutConstants } from "../../src/plan/hidden-constants.js";

test.each([
  ["md5(email || 's3cret')", "md5(email || '******')"],
  ["md5(E's3\\'cret' || $$s3'cret$$)", "md5(*'***'****' || $$**'****$$)"],
  ["$x$s3$cret$x$ || left(email, 3)", "$*$**$****$*$ || left(email, 3)"],
  [`"it's" || sha256('s3cret') -- s3`, `"it's" || sha256('******') ** **`],
  ["/* it's */ 's3cret' || 'it''s", "** **'* ** '******' || '**''*"],
  ["hashint8extended(id, 8675309)", "hashint8extended(id, *******)"],
])("%s", (text, shown) => {
  expect(withoutConstants(text)).toBe(shown);
  expect(shown).toHaveLength(text.length);
});

async function items(mask: string, kind: "where" | "mask" = "mask"): Promise<readonly string[]> {
  const given = { where: {}, mask: {}, [kind]: { [kind === "mask" ? "s.t.c" : "s.t"]: mask } };
  const error: unknown = await parseRowRules(given).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PgCopyError);
  return (error as PgCopyError).items;
}

test("what the parser stumbled over is not quoted, if it is a constant", async () => {
  expect(await items("c || 'a' 's3cret'")).toEqual([
    "mask s.t.c: syntax error",
    "  c || '*' '******'",
    "           ^",
  ]);
  expect(await items("c || 's3cret")).toEqual([
    "mask s.t.c: unterminated quoted string",
    "  c || '******",
    "       ^",
  ]);
  expect((await items("c )"))[0]).toBe('mask s.t.c: syntax error at or near ")"');
  expect((await items("c || 'a' 'known'", "where"))[0]).toBe(
    `where s.t: syntax error at or near "'known'"`,
  );
});
