/** The JSON schema of a configuration file, from the option table. */

import { configNames, type JsonSchema, optionTable } from "./option-table.js";

/** Draft 7, which every editor knows. */
export function configSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "pgcopy's options",
    description:
      "Options of pgcopy clone and pgcopy plan, by the names that the library gives them.",
    type: "object",
    properties: {
      $schema: { type: "string", description: "Where this schema is, for editors." },
      ...Object.fromEntries(configNames.map((name) => [name, optionSchema(optionTable[name])])),
    },
    additionalProperties: false,
  };
}

type Option = (typeof optionTable)[keyof typeof optionTable];

function optionSchema(option: Option): JsonSchema {
  const { description, example } = option;
  const examples = { examples: [example] };
  if ("schema" in option) return { description, ...(option.schema as JsonSchema), ...examples };
  if ("choices" in option) {
    const choices = Object.entries(option.choices).map(([value, words]) => `${value}: ${words}`);
    return {
      description: `${description} ${choices.join("; ")}.`,
      enum: Object.keys(option.choices),
      ...defaultOf(option),
    };
  }
  if (option.type === "boolean") return { description, type: "boolean", default: false };
  if (option.type === "integer") {
    const { type, minimum } = option;
    return { description, type, minimum, ...defaultOf(option), ...examples };
  }
  const { type, pattern } = option;
  const limits = pattern === undefined ? { minLength: 1 } : { pattern };
  return { description, type, ...limits, ...examples };
}

function defaultOf(option: { readonly default?: unknown }): { default?: unknown } {
  return option.default === undefined ? {} : { default: option.default };
}

/** The table of docs/configuration.md. */
export function optionsTable(): string {
  const rows = configNames.map((name) => {
    const option: Option = optionTable[name];
    return `| \`${name}\` | ${typeWords(option)} | ${defaultWords(option)} | ${option.description} |`;
  });
  return ["| Key | Value | Default | Means |", "|---|---|---|---|", ...rows].join("\n");
}

function typeWords(option: Option): string {
  if ("choices" in option)
    return Object.keys(option.choices)
      .map((choice) => `\`"${choice}"\``)
      .join(", ");
  if ("valueWords" in option) return option.valueWords;
  if ("schema" in option) return String((option.schema as JsonSchema).type ?? "");
  if (option.type === "boolean") return "`true` or `false`";
  return option.type === "integer" ? `a whole number, at least ${option.minimum}` : "text";
}

function defaultWords(option: Option): string {
  if ("default" in option) return `\`${JSON.stringify(option.default)}\``;
  if ("type" in option && option.type === "boolean") return "`false`";
  return option.defaultWords ?? "";
}
