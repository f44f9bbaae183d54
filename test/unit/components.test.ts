/** Circles in a graph: each component once, after what it leads to. */

import { expect, test } from "vitest";
import { components } from "../../src/plan/components.js";

function found(edges: Readonly<Record<string, string>>): string[] {
  const next = (node: string) => [...(edges[node] ?? "")];
  return components(Object.keys(edges), next).map((one) => [...one].sort().join(""));
}

test.each([
  ["nothing", {}, []],
  ["a chain", { a: "b", b: "c", c: "" }, ["c", "b", "a"]],
  ["a diamond", { a: "bc", b: "d", c: "d", d: "" }, ["d", "c", "b", "a"]],
  ["a node that leads to itself", { a: "a" }, ["a"]],
  ["a circle", { a: "b", b: "c", c: "a" }, ["abc"]],
  ["two circles, one behind the other", { a: "b", b: "ac", c: "d", d: "c" }, ["cd", "ab"]],
  ["circles that share a node", { a: "b", b: "ac", c: "b", x: "a" }, ["abc", "x"]],
])("of %s", (_, edges, expected) => {
  expect(found(edges)).toEqual(expected);
});

test("of a chain of a hundred thousand", () => {
  const nodes = Array.from({ length: 100_000 }, (_, i) => i);
  const list = components(nodes, (node) => (node + 1 < nodes.length ? [node + 1] : []));
  expect(list.length).toBe(nodes.length);
  expect(list[0]).toEqual([99_999]);
});
