/** As much of JSON schema as pgcopy.schema.json uses; a keyword that it doesn't know is an error. */

type Schema = Readonly<Record<string, unknown>>;

const WORDS = ["$schema", "title", "description", "examples", "default"];

/** What is wrong with a value; an empty list if nothing is. */
export function violations(schema: Schema, value: unknown, at = ""): string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (WORDS.includes(keyword)) return [];
    const check = keywords[keyword];
    if (check === undefined) throw new Error(`the checker does not know ${keyword}`);
    return check(wanted, value, { schema, at });
  });
}

type Check = (
  wanted: unknown,
  value: unknown,
  context: { readonly schema: Schema; readonly at: string },
) => string[];

const keywords: Readonly<Record<string, Check>> = {
  type: (wanted, value, { at }) => unless(typeOf(value, wanted) === wanted, at, `no ${wanted}`),
  anyOf: (wanted, value, { at }) =>
    unless(
      (wanted as Schema[]).some((schema) => violations(schema, value).length === 0),
      at,
      "none of the alternatives",
    ),
  enum: (wanted, value, { at }) =>
    unless((wanted as unknown[]).includes(value), at, "none of the choices"),
  minimum: (wanted, value, { at }) =>
    unless(typeof value !== "number" || value >= (wanted as number), at, "too small"),
  minLength: (wanted, value, { at }) =>
    unless(typeof value !== "string" || value.length >= (wanted as number), at, "too short"),
  pattern: (wanted, value, { at }) =>
    unless(typeof value !== "string" || new RegExp(wanted as string).test(value), at, "no match"),
  properties: (wanted, value, { at }) =>
    members(value).flatMap(([name, one]) => {
      const schema = (wanted as Record<string, Schema>)[name];
      return schema === undefined ? [] : violations(schema, one, `${at}.${name}`);
    }),
  required: (wanted, value, { at }) =>
    (wanted as string[]).flatMap((name) =>
      unless(
        members(value).some(([key]) => key === name),
        at,
        `no ${name}`,
      ),
    ),
  additionalProperties: (wanted, value, { schema, at }) => {
    const known = Object.keys((schema.properties as object | undefined) ?? {});
    return members(value)
      .filter(([name]) => !known.includes(name))
      .flatMap(([name, one]) =>
        wanted === false
          ? [`${at}.${name}: unknown`]
          : violations(wanted as Schema, one, `${at}.${name}`),
      );
  },
  minItems: (wanted, value, { at }) =>
    unless(!Array.isArray(value) || value.length >= (wanted as number), at, "too few"),
  items: (wanted, value, { at }) =>
    Array.isArray(value)
      ? value.flatMap((one, i) => violations(wanted as Schema, one, `${at}[${i}]`))
      : [],
};

function unless(holds: boolean, at: string, words: string): string[] {
  return holds ? [] : [`${at}: ${words}`];
}

function members(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}

function typeOf(value: unknown, wanted: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return wanted === "integer" && Number.isInteger(value) ? "integer" : typeof value;
}
