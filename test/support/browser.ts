/**
 * A headless Chromium, where one is on the PATH, spoken to in its own protocol (Chrome DevTools
 * Protocol) over a pipe: no package is needed for it.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of one; undefined if none is there. */
export function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One page in a browser of its own. */
export class BrowserPage implements AsyncDisposable {
  /** What it said on its console, and what it asked for, in the browser's words. */
  readonly complaints: string[] = [];
  readonly requests: string[] = [];
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #listeners = new Map<string, () => void>();
  #session: string | undefined;
  #count = 0;

  static async open(browser: string): Promise<BrowserPage> {
    const page = new BrowserPage(browser, await mkdtemp(join(tmpdir(), "pgcopy-browser-")));
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await page.send("Target.attachToTarget", { targetId, flatten: true });
    page.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  private constructor(browser: string, profile: string) {
    this.#profile = profile;
    this.#child = spawn(browser, [...FLAGS, `--user-data-dir=${profile}`], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    let rest = "";
    (this.#child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#count;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    const pipe = this.#child.stdio[3] as Writable;
    pipe.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  /** Opens an address and waits until all of it is there. */
  async load(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) =>
      this.#listeners.set("Page.loadEventFired", resolve),
    );
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  async press(key: string): Promise<void> {
    for (const type of ["keyDown", "keyUp"])
      await this.send("Input.dispatchKeyEvent", { type, key, code: key });
  }

  async setWidth(width: number): Promise<void> {
    const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  async setColours(scheme: "light" | "dark", media = ""): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.send("Emulation.setEmulatedMedia", { media, features });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #take({ id, method, params, ...answer }: Message): void {
    if (id !== undefined) {
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
    }
    if (method === undefined) return;
    this.#listeners.get(method)?.();
    if (method === "Network.requestWillBeSent")
      this.requests.push((params as { request: { url: string } }).request.url);
    const complains = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"];
    if (complains.includes(method) || method === "Page.javascriptDialogOpening")
      this.complaints.push(`${method} ${JSON.stringify(params)}`);
  }
}
