/** Stopping together: the first failure wins, and none is left running when it is told. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { all, anySignal, interruptedError, throwIfAborted } from "../../src/run/abort.js";

/** A step that ends when the test says so. */
function step<T>() {
  const { promise, resolve, reject } = withResolvers<T>();
  let signal: AbortSignal | undefined;
  return {
    run: (given: AbortSignal) => {
      signal = given;
      return promise;
    },
    resolve,
    reject,
    get aborted() {
      return signal?.aborted;
    },
    get started() {
      return signal !== undefined;
    },
  };
}

/** Promise.withResolvers, which Node.js 20 doesn't have. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

const never = () => new AbortController().signal;
const aTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("all", () => {
  test("gives the results in the order of the steps", async () => {
    const [first, second] = [step<string>(), step<number>()];
    const results = all<[string, number]>(never(), [first.run, second.run]);
    second.resolve(2);
    first.resolve("one");
    expect(await results).toEqual(["one", 2]);
  });

  test("aborts the others on the first failure, and waits for them before it is thrown", async () => {
    const [fails, slow] = [step<void>(), step<void>()];
    let settled = false;
    const both = all(never(), [fails.run, slow.run]).finally(() => {
      settled = true;
    });
    both.catch(() => {});
    await aTurn();
    expect(slow.aborted).toBe(false);
    fails.reject(new Error("the first"));
    await aTurn();
    expect(slow.aborted).toBe(true);
    expect(settled).toBe(false);
    slow.reject(new Error("the second"));
    await expect(both).rejects.toThrow("the first");
  });

  test("a failure that is not even an error is still one", async () => {
    await expect(all(never(), [() => Promise.reject(undefined)])).rejects.toBeUndefined();
  });

  test("the caller's signal reaches every step", async () => {
    const caller = new AbortController();
    const steps = [step<void>(), step<void>()];
    const both = all(
      caller.signal,
      steps.map((one) => one.run),
    );
    both.catch(() => {});
    await aTurn();
    caller.abort();
    expect(steps.map((one) => one.aborted)).toEqual([true, true]);
    for (const one of steps) one.reject(interruptedError("copying"));
    await expect(both).rejects.toMatchObject({ code: "interrupted", attempted: "copying" });
  });

  test("starts nothing once the caller has given up", async () => {
    const one = step<void>();
    await expect(all(AbortSignal.abort(), [one.run])).rejects.toMatchObject({
      code: "interrupted",
    });
    expect(one.started).toBe(false);
  });
});

describe("throwIfAborted", () => {
  test("does nothing while the signal is quiet", () => {
    expect(() => throwIfAborted(never(), "copying")).not.toThrow();
  });

  test("says what was interrupted, and that it may be repeated", () => {
    expect(() => throwIfAborted(AbortSignal.abort(), "COPY public.orders")).toThrow(
      expect.objectContaining({
        message: "COPY public.orders was interrupted",
        code: "interrupted",
        attempted: "COPY public.orders",
        retrySafe: true,
      }),
    );
    expect(interruptedError().message).toBe("interrupted");
  });

  test("throws the reason, where that is an error of ours", () => {
    const reason = new PgCopyError("the target is gone", { code: "task_failed" });
    expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason);
    expect(() => throwIfAborted(AbortSignal.abort(new Error("mine")))).toThrow("interrupted");
  });
});

describe("anySignal", () => {
  test("is aborted with any of its signals, with its reason", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const signal = anySignal(first.signal, second.signal);
    expect(signal.aborted).toBe(false);
    second.abort("why");
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe("why");
    expect(anySignal(AbortSignal.abort()).aborted).toBe(true);
  });

  test("may have any number of listeners, without the warning of a leak that Node.js gives at ten", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    try {
      const signal = anySignal(never());
      for (let i = 0; i < 50; i++) signal.addEventListener("abort", () => i);
      await aTurn();
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", onWarning);
    }
  });
});
