/** JSON with places: the same values as JSON.parse, and where a text is none. */

import { describe, expect, test } from "vitest";
import { JsonTextError, parseJsonText } from "../../src/config/json-text.js";
import { SeededRandom, seeds } from "./seeded-random.js";

describe("values", () => {
  test.each([
    "{}",
    "[]",
    ' \t\r\n{ "a" : [ 1 , -2.5e+3 , 0, -0.0, 1E2, true, false, null ] }\n',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 é 😀 // /* no comment */"',
    '{"a":{"b":{"c":[[["d"]]]}},"":1," ":2}',
    "123456789012345678901234567890",
  ])("%s", (text) => {
    expect(parseJsonText(text).value).toEqual(JSON.parse(text));
  });

  test("a key called __proto__ is a key", () => {
    const { value } = parseJsonText('{"__proto__": {"verify": "count"}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect((value as { verify?: string }).verify).toBeUndefined();
  });

  test("a byte order mark is passed over", () => {
    expect(parseJsonText('\ufeff{"a": 1}').value).toEqual({ a: 1 });
  });

  test("the outermost keys have their lines", () => {
    const text = '{\n  "a": {\n    "b": 1\n  },\r\n  "c": 2, "d": 3\n}';
    expect([...parseJsonText(text).keyLines]).toEqual([
      ["a", 2],
      ["c", 5],
      ["d", 5],
    ]);
  });
});

describe("what is no JSON", () => {
  test.each([
    ["", "1:1", "a value is expected, and the text ends"],
    ["{", "1:2", 'a key in "double quotes" is expected, and the text ends'],
    ['{"a": 1', "1:8", "a comma or } is expected, and the text ends"],
    ['{"a": 1,}', "1:8", "JSON has no comma after the last one"],
    ["[1, 2, ]", "1:6", "JSON has no comma after the last one"],
    ['{\n  "jobs": 4\n  "verify": "count"\n}', "3:3", "a comma or } is expected"],
    ["{jobs: 4}", "1:2", 'a key in "double quotes" is expected'],
    ["{'jobs': 4}", "1:2", 'a key in "double quotes" is expected'],
    ['{"jobs" 4}', "1:9", "a colon is expected"],
    ['{"jobs": }', "1:10", "a value is expected"],
    ['{"jobs": 04}', "1:11", "a comma or } is expected"],
    ['{"jobs": .5}', "1:10", "a value is expected"],
    ['{"jobs": NaN}', "1:10", "a value is expected"],
    ['{"a": truee}', "1:7", "a value is expected"],
    ['{"a": True}', "1:7", "a value is expected"],
    ['{\n  // how many\n  "jobs": 4}', "2:3", "JSON has no comments"],
    ['{"jobs": /* four */ 4}', "1:10", "JSON has no comments"],
    ['{"a": "no end\n"}', "1:7", "the text is not closed on its line"],
    ['{"a": "C:\\path"}', "1:7", "a backslash in this text begins no escape that JSON has"],
    ['{"a": "\\u12g4"}', "1:7", "a backslash in this text begins no escape that JSON has"],
    ['{"a": 1} x', "1:10", "nothing may follow the value"],
    ['{"a": 1,\n "b": 2,\n "a": 3}', "3:2", '"a" is there twice'],
    ['{"where": {"t": "a", "t": "b"}}', "1:22", '"t" is there twice'],
    ["[".repeat(100_000), "1:65", "too many values within values"],
  ])("%j", (text, place, message) => {
    const wrong = errorOf(text);
    expect([`${wrong?.line}:${wrong?.column}`, wrong?.message]).toEqual([place, message]);
  });
});

function errorOf(text: string): JsonTextError | undefined {
  try {
    parseJsonText(text);
    return undefined;
  } catch (error) {
    if (error instanceof JsonTextError) return error;
    throw error;
  }
}

test("a text that was damaged anywhere is refused exactly where JSON.parse refuses it", () => {
  const whole = '{"a": [1, -2.5e3, true, null, "x\\n\\u00e9"], "b": {"c": "d", "e": {}}}';
  for (const seed of seeds(2000)) {
    const random = new SeededRandom(seed);
    const at = random.between(0, whole.length - 1);
    const put = random.pick(["", "", ...'{}[],:"\\0.-+eEtfn \n/x']);
    const text = whole.slice(0, at) + put + whole.slice(at + random.between(0, 3));
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    const error = errorOf(text);
    if (error?.message.includes("twice")) continue;
    expect(error === undefined, text).toBe(isJson);
    if (isJson) expect(parseJsonText(text).value).toEqual(JSON.parse(text));
  }
});
