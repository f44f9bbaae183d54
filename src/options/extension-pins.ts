/** Versions of extensions that a target is to have. */

import { PgCopyError } from "../errors.js";
import { wrongOption } from "./option-values.js";

/** An extension, and the version of it that the target is to have. */
export interface ExtensionPin {
  readonly name: string;
  readonly version: string;
}

export function extensionPins(value: readonly ExtensionPin[] | undefined): readonly ExtensionPin[] {
  const wanted = 'an array of { "name": …, "version": … }';
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongOption("requirements", value, wanted);
  const versions = new Map<string, string>();
  for (const one of value as readonly (Partial<ExtensionPin> | null)[]) {
    const { name, version } = one ?? {};
    if (typeof name !== "string" || typeof version !== "string" || name === "" || version === "")
      throw wrongOption("requirements", value, wanted);
    const before = versions.get(name) ?? version;
    if (before !== version) {
      throw new PgCopyError(`requirements give two versions of extension ${name}`, {
        code: "usage",
        options: ["requirements"],
        items: [before, version],
      });
    }
    versions.set(name, version);
  }
  return [...versions].map(([name, version]) => ({ name, version }));
}
