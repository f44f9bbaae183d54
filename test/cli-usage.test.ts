/** The built program (dist/) as a child process: what it prints where, and what it exits with. */

import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readCompiled } from "../src/cli/compiled-code.cjs";

const main = fileURLToPath(new URL("../dist/cli/launch.cjs", import.meta.url));
const version = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of the surroundings decides where it connects to or how it looks. */
function pgcopy(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH ?? "", ...environment };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

/** Takes connections, and never says a word. */
async function silentServer() {
  const sockets: Socket[] = [];
  let noteConnection = () => {};
  const connected = new Promise<void>((resolve) => {
    noteConnection = resolve;
  });
  const listener = createServer((socket) => {
    sockets.push(socket);
    noteConnection();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    place: `127.0.0.1:${port}`,
    connected,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => listener.close(closed));
    },
  };
}

describe("the code kept of an earlier run", () => {
  test("is ignored if it is damaged", async () => {
    const cache = mkdtempSync(join(tmpdir(), "pgcopy-cache-"));
    const environment = { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache };
    const bundle = readFileSync(join(dirname(main), "bundle.cjs"), "utf8");
    const file = readCompiled(bundle, environment).file ?? "";
    mkdirSync(dirname(file));
    writeFileSync(file, "damaged", { mode: 0o600 });
    expect(readCompiled(bundle, environment).code?.toString()).toBe("damaged");
    const ended = await pgcopy(["--version"], environment);
    expect(ended).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
    rmSync(cache, { recursive: true });
  });
});

describe("wrong usage is one clear error, and exits with 2", () => {
  const invalid = "It must be a whole number of at least 1";
  test.each([
    ["an unknown command", ["clon"], "unknown command 'clon' (did you mean clone?)", "pgcopy"],
    [
      "a file of options, and none",
      ["clone", "a", "b", "--no-config", "--config", "x.json"],
      "option '--config <FILE>' contradicts '--no-config'",
      "pgcopy clone",
    ],
    [
      "the same the other way round",
      ["plan", "--config", "x.json", "a", "b", "--no-config"],
      "option '--config <FILE>' contradicts '--no-config'",
      "pgcopy plan",
    ],
    [
      "help on an unknown command",
      ["help", "clon"],
      "unknown command 'clon' (did you mean clone?)",
      "pgcopy",
    ],
    ["help on nothing like a command", ["help", "nope"], "unknown command 'nope'", "pgcopy"],
    [
      "a misspelt option",
      ["clone", "a", "b", "--job", "3"],
      "unknown option '--job' (did you mean --jobs?)",
      "pgcopy clone",
    ],
    [
      "no jobs",
      ["clone", "a", "b", "--jobs", "0"],
      `option '--jobs <N>' argument '0' is invalid. ${invalid}`,
      "pgcopy clone",
    ],
    [
      "jobs in words",
      ["plan", "a", "b", "--table-jobs", "x"],
      `option '--table-jobs <N>' argument 'x' is invalid. ${invalid}`,
      "pgcopy plan",
    ],
    [
      "a size that is none",
      ["clone", "a", "b", "--split-tables-larger-than", "big"],
      "option '--split-tables-larger-than <SIZE>' argument 'big' is invalid. It must be a size such as 200MB, 1GB, or a number of bytes, auto or never",
      "pgcopy clone",
    ],
    [
      "more memory than PostgreSQL can take",
      ["clone", "a", "b", "--maintenance-work-mem", "10TB"],
      "option '--maintenance-work-mem <SIZE>' argument '10TB' is invalid. It must be at least 1MB and less than 2GB",
      "pgcopy clone",
    ],
    [
      "a choice that is none",
      ["clone", "a", "b", "--verify", "hard"],
      "option '--verify <HOW>' argument 'hard' is invalid. Allowed choices are count, checksum",
      "pgcopy clone",
    ],
    [
      "a contradiction",
      ["clone", "a", "b", "--verbose", "--quiet"],
      "option '--verbose' cannot be used with option '--quiet'",
      "pgcopy clone",
    ],
    [
      "an option without its value",
      ["clone", "a", "b", "--snapshot"],
      "option '--snapshot <ID>' argument missing",
      "pgcopy clone",
    ],
    [
      "an endpoint that was not quoted",
      ["clone", "host=a", "dbname=b", "host=c"],
      "too many arguments for 'clone'. Expected 2 arguments but got 3 (an endpoint that has spaces in it must be quoted)",
      "pgcopy clone",
    ],
    ["nothing to list", ["list"], "missing required argument 'KIND'", "pgcopy list"],
    [
      "what can't be listed",
      ["list", "views", "a"],
      "'views' is no KIND. Allowed choices are tables, indexes, sequences, extensions, databases",
      "pgcopy list",
    ],
  ])("%s", async (_what, args, message, command) => {
    expect(await pgcopy(args)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `pgcopy: ${message}\n  what to do: see ${command} --help\n`,
    });
  });

  test("an endpoint that is missing, or could be either", async () => {
    const one = await pgcopy(["clone", "postgres://a/b"]);
    expect(one).toMatchObject({ exitCode: 2, stdout: "" });
    expect(one.stderr).toMatch(/^pgcopy: TARGET is missing\n {2}what to do: .*PGCOPY_TARGET\n$/);
    const either = await pgcopy(["clone", "postgres://a/b"], {
      PGCOPY_SOURCE: "x",
      PGCOPY_TARGET: "y",
    });
    expect(either).toMatchObject({ exitCode: 2, stdout: "" });
    expect(either.stderr).toContain("it could be SOURCE or TARGET");
  });

  test("a command with one endpoint does not call it the source", async () => {
    const ping = await pgcopy(["ping", "postgres://me@127.0.0.1:1/db"]);
    expect(ping).toMatchObject({ exitCode: 3, stdout: "" });
    expect(ping.stderr).toMatch(/^pgcopy: can't connect to postgres:\/\/me@127\.0\.0\.1:1\/db: /);
    const list = await pgcopy(["list", "tables", "nothing"]);
    expect(list).toMatchObject({ exitCode: 2, stdout: "" });
    expect(list.stderr).toMatch(/^pgcopy: wrong endpoint: /);
    for (const { stderr } of [ping, list]) expect(stderr).not.toContain("source");
  });

  test("no command at all shows the help, on stderr", async () => {
    const { exitCode, stdout, stderr } = await pgcopy([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: pgcopy COMMAND/);
    expect(stderr).toMatch(/pgcopy: no command was given\n {2}what to do: see pgcopy --help\n$/);
  });

  test.each([
    [["--table-jobs", "0"], "option '--table-jobs <N>' argument '0' is invalid"],
    [
      ["--split-tables-larger-than", "1kB"],
      "--split-tables-larger-than must be a number of bytes, 65536",
    ],
    [["--skip-analyze", "--statistics", "copy"], "--skip-analyze contradicts --statistics copy"],
    [["--no-role-passwords"], "--no-role-passwords needs --roles"],
    [
      ["--requirements", "pins.json", "--skip-extensions"],
      "--requirements contradict --skip-extensions, which creates no extension",
    ],
    [["--all-databases", "--where", "a.b=true"], "--where can be given for one database, and not"],
    [["--all-databases", "--include-referenced"], "--include-referenced can be given for one"],
    [["--all-databases", "--exclude-table", "a.b"], "filters can be given for one database, and"],
  ])("options that don't fit are named as they were typed: %j", async (flags, words) => {
    const folder = mkdtempSync(join(tmpdir(), "pgcopy-usage-"));
    writeFileSync(join(folder, "pins.json"), '[{ "name": "a", "version": "1" }]');
    const args = flags.map((flag) => (flag === "pins.json" ? join(folder, flag) : flag));
    const ended = await pgcopy(["clone", "postgres://a/x", "postgres://b/y", ...args]);
    rmSync(folder, { recursive: true });
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(`pgcopy: ${words}`);
    expect(ended.stderr).not.toMatch(/\b[a-z]{2,}[A-Z]/);
  });

  test.each([
    [["postgres://me:s3cr3t@h/db", "postgres://me:s3cr3t@h/db2"]],
    [["list", "postgres://me:s3cr3t@h/db"]],
    [["clone", "--jobs", "host=h password=s3cr3t"]],
    [["clone", "--jobs=postgres://me:s3cr3t@h/db"]],
    [["clone", "--source=postgres://me:s3cr3t@h/db"]],
    [["ping", "host=h password='s3cr3t'", "x"]],
    [["clone", "--pwd=s3cr3t"]],
    [["PGPASSWORD=s3cr3t", "clone"]],
    [["list", "user=me sslpassword=s3cr3t"]],
  ])("a password where none belongs is not repeated: %j", async (args) => {
    const { exitCode, stdout, stderr } = await pgcopy(args);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).not.toContain("s3cr3t");
    expect(stderr).toContain("what to do: see pgcopy");
  });

  // Where /proc shows what ps does. macOS has no /proc, and Windows no title that others see.
  test.runIf(process.platform === "linux")("ps shows no password of a running one", async () => {
    await using server = await silentServer();
    const child = spawn(process.execPath, [
      main,
      "ping",
      `postgres://me:s3cr3t@${server.place}/db`,
    ]);
    try {
      await server.connected;
      expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toMatch(/^pgcopy\0*$/);
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("with --json the error is a line of JSON on stdout, and stderr is empty", async () => {
    const { exitCode, stdout, stderr } = await pgcopy(["clone", "a", "b", "--jobs", "0", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      type: "error",
      exitCode: 2,
      code: "usage",
      message: `option '--jobs <N>' argument '0' is invalid. ${invalid}`,
      advice: "see pgcopy clone --help",
    });
  });
});

describe("help", () => {
  test("the version is the package's", async () => {
    expect(await pgcopy(["--version"])).toEqual({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: "",
    });
  });

  test.each([[[]], [["clone"]], [["plan"]], [["list"]], [["ping"]], [["demo"]]])(
    "%j has examples, and fits 80 columns",
    async (command) => {
      const { exitCode, stdout, stderr } = await pgcopy([...command, "--help"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain(`Usage: pgcopy ${command[0] ?? "COMMAND"}`);
      expect(stdout).toMatch(/\nExamples:\n {2}# \w/);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  test("help COMMAND is the command's own", async () => {
    const own = await pgcopy(["demo", "--help"]);
    expect(await pgcopy(["help", "demo"])).toEqual(own);
    expect(own.stdout.replace(/\s+/g, " ")).toContain("grows with them (default: 150000)");
    expect((await pgcopy(["help"])).stdout).toMatch(/^Usage: pgcopy COMMAND/);
  });

  test("docs/command-line.md says what the help says", async () => {
    const script = fileURLToPath(
      new URL("../scripts/generate-command-line-docs.js", import.meta.url),
    );
    const page = await new Promise((resolve, reject) => {
      execFile(process.execPath, [script], (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    const file = readFileSync(new URL("../docs/command-line.md", import.meta.url), "utf8");
    expect(file, "run: node scripts/generate-command-line-docs.js --write").toBe(page);
  });

  test("a reader that goes away is no error", async () => {
    const child = spawn(process.execPath, [main, "clone", "--help"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const exitCode = await new Promise((resolve) => child.on("close", resolve));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

describe("interruption", () => {
  /** A command whose work ends 300 ms after it is told to, or never. */
  function interrupted(ends: boolean) {
    const module = new URL("../dist/cli/interrupt.js", import.meta.url);
    const script = `
      import { interruptible } from ${JSON.stringify(module.href)};
      const keepsRunning = setInterval(() => {}, 1000);
      const words = (text) => () => console.log(text);
      await interruptible({ announce: words("stopping"), leave: words("leaving") }, (signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => ${ends} && setTimeout(resolve, 300));
          console.log("running");
        }));
      clearInterval(keepsRunning);
      console.log("stopped in order");`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script]);
    let stdout = "";
    const listeners = new Set<() => void>();
    child.stdout.on("data", (text) => {
      stdout += text;
      for (const listener of listeners) listener();
    });
    return {
      child,
      said: (words: string) =>
        new Promise<void>((resolve) => {
          const look = () => stdout.includes(words) && resolve();
          listeners.add(look);
          look();
        }),
      ended: new Promise<Ended>((resolve) => {
        child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr: "" }));
      }),
    };
  }

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s stops the work in order",
    async (signal) => {
      const { child, said, ended } = interrupted(true);
      await said("running");
      child.kill(signal);
      expect((await ended).stdout).toBe("running\nstopping\nstopped in order\n");
    },
  );

  test("one Ctrl-C that npm forwards once more is still one", async () => {
    const { child, said, ended } = interrupted(true);
    await said("running");
    child.kill("SIGINT");
    await said("stopping");
    child.kill("SIGINT");
    expect((await ended).stdout).toBe("running\nstopping\nstopped in order\n");
  });

  test("a second one leaves at once", async () => {
    const { child, said, ended } = interrupted(false);
    await said("running");
    child.kill("SIGINT");
    await said("stopping");
    const again = setInterval(() => child.kill("SIGINT"), 200);
    expect(await ended).toMatchObject({ exitCode: 130, stdout: "running\nstopping\nleaving\n" });
    clearInterval(again);
  });
});
