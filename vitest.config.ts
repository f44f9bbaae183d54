import { defineConfig, type Plugin } from "vitest/config";

/**
 * A thread that copies is not Vitest's, and Node 20 can't load TypeScript in it: also where a test runs
 * the TypeScript of the main thread, it is the built file.
 */
const builtWorker: Plugin = {
  name: "built-worker",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("/src/engine/copy-thread.ts")) return undefined;
    const worker = new URL("./dist/engine/copy-worker.js", import.meta.url);
    const written = 'new URL("../engine/copy-worker.js", import.meta.url)';
    if (!code.includes(written)) throw new Error(`${id} names its worker in another way`);
    return code.replaceAll(written, `new URL("${worker}")`);
  },
};

/**
 * Two projects, so that the unit tests need no server: test/unit/ starts none, the others find one
 * of each major version running (test/support/global-setup.ts).
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        plugins: [builtWorker],
        test: {
          name: "servers",
          include: ["test/**/*.test.ts"],
          exclude: ["test/unit/**", "**/node_modules/**"],
          globalSetup: ["test/support/global-setup.ts"],
          setupFiles: ["test/support/leak-checks.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
