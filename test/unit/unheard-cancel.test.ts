/** What is said where a target does not hear that a run is interrupted. */

import { expect, test } from "vitest";
import { tellingUnheard } from "../../src/engine/unheard-cancel.js";
import { interruptedError } from "../../src/run/abort.js";

async function itemsWhere(answers: boolean): Promise<readonly string[]> {
  const controller = new AbortController();
  const target = { control: { cancel: async () => answers } };
  return await tellingUnheard(target, controller.signal, async (told) => {
    controller.abort();
    return (await told(interruptedError("COPY public.t"))).items;
  });
}

test("a target that answers stops what it does", async () => {
  expect(await itemsWhere(true)).toEqual([]);
});

test("one that does not may go on, and with what", async () => {
  expect(await itemsWhere(false)).toEqual([
    expect.stringMatching(/^the target did not answer the cancel: COPY public\.t may still run/),
  ]);
});
