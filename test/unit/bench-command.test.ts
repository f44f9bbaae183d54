/** How a command of the benchmark ends (bench/command.js). */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";

const command = JSON.stringify(new URL("../../bench/command.js", import.meta.url).href);

/** One that has something to clean up, and writes until it is told to end. */
const program = `
import { setTimeout } from "node:timers/promises";
import { runCommand } from ${command};
await runCommand(async (args, signal) => {
  try {
    while (true) {
      signal.throwIfAborted();
      console.log("out");
      console.error("err");
      await setTimeout(5);
    }
  } finally {
    await setTimeout(5);
    process.exitCode = 99;
    process.send("cleaned up");
  }
});`;

/** It, as soon as it runs. */
async function begin() {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("no pipes");
  await Promise.all([once(stdout, "readable"), once(stderr, "readable")]);
  return { child, stdout, stderr };
}

test.each(["stdout", "stderr"] as const)(
  "cleans up when nobody reads %s any more",
  async (name) => {
    const { child, ...streams } = await begin();
    const other = name === "stdout" ? streams.stderr : streams.stdout;
    const rest = text(other);
    const cleanedUp = once(child, "message");
    const ended = once(child, "exit");
    streams[name].destroy();
    expect(await ended).toEqual([1, null]);
    expect((await cleanedUp)[0]).toBe("cleaned up");
    if (name === "stdout")
      expect(await rest).toMatch(/err\ninterrupted: can't write to stdout: .*\n$/);
  },
);

test("cleans up on a signal, and says so in a line", async () => {
  const { child, stdout, stderr } = await begin();
  stdout.resume();
  const rest = text(stderr);
  const cleanedUp = once(child, "message");
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([1, null]);
  expect((await cleanedUp)[0]).toBe("cleaned up");
  expect(await rest).toMatch(/err\ninterrupted\n$/);
});
