/** One connection through the fault proxy. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type End, MessageSplitter, startupParameter, type WireMessage } from "./wire-messages.js";

/**
 * - `cut`: both sockets are closed, as by a process that ends.
 * - `reset`: both are reset, as by a firewall.
 * - `stall`: nothing moves in either direction until the rule is released.
 * - `delay`: the message comes later, and with it what is behind it.
 * - `slow`: from here on no more bytes a second in this direction.
 * - `drop`: so many bytes of this direction vanish; then the rest follows, or the connection is cut.
 *
 * With `after` the message is passed on first.
 */
export type Fault = { readonly after?: true } & (
  | { readonly do: "cut" }
  | { readonly do: "reset" }
  | { readonly do: "stall" }
  | { readonly do: "delay"; readonly delayMs: number }
  | { readonly do: "slow"; readonly bytesPerSecond: number }
  | { readonly do: "drop"; readonly bytes: number; readonly cut?: true }
);

/** What a link asks of each message. */
export interface LinkRule {
  readonly rule: { readonly fault: Fault };
  /** Settles when what it has stalled goes on. */
  readonly released: Promise<void>;
  meet(link: FaultLink, end: End, message: WireMessage, before: number): number | undefined;
}

/** One way of a connection. */
class Way {
  readonly end: End;
  readonly from: Socket;
  readonly to: Socket;
  readonly splitter: MessageSplitter;
  sent = 0;
  dropping = 0;
  cutWhenDropped = false;
  bytesPerSecond = Number.POSITIVE_INFINITY;

  constructor(end: End, from: Socket, to: Socket) {
    this.end = end;
    this.from = from;
    this.to = to;
    this.splitter = new MessageSplitter(end);
  }
}

const SLICES_PER_SECOND = 50;

export class FaultLink {
  /** Empty until its Startup has come by. */
  application = "";
  readonly #client: Way;
  readonly #server: Way;
  readonly #rules: readonly LinkRule[];
  #stalled: Promise<void> | undefined;
  #tlsAsked = false;

  constructor(client: Socket, server: Socket, rules: readonly LinkRule[], onClose: () => void) {
    this.#client = new Way("client", client, server);
    this.#server = new Way("server", server, client);
    this.#rules = rules;
    client.once("close", onClose);
    for (const way of [this.#client, this.#server]) {
      way.from.setNoDelay(true);
      // One end's failure is the other end's: a proxy has no words of its own.
      way.from.on("error", () => way.to.destroy());
      way.from.on("close", () => way.to.destroy());
      void this.#forward(way).catch(() => this.cut());
    }
  }

  /** Bytes that an end has sent, and that were passed on or dropped. */
  sentBy(end: End): number {
    return end === "client" ? this.#client.sent : this.#server.sent;
  }

  /** Closes both halves, once what was passed on has left. */
  cut(): void {
    this.#client.from.destroySoon();
    this.#server.from.destroySoon();
  }

  /** Resets both halves. */
  reset(): void {
    this.#client.from.resetAndDestroy();
    this.#server.from.resetAndDestroy();
  }

  async #forward(way: Way): Promise<void> {
    for await (const chunk of way.from.iterator({ destroyOnReturn: false })) {
      const passing: Buffer[] = [];
      for (const message of this.#messagesOf(way, chunk as Buffer)) {
        const met = this.#meet(way, message);
        if (met === undefined) passing.push(message.bytes);
        else {
          await this.#pass(way, Buffer.concat(passing.splice(0)));
          await this.#act(way, message, met);
        }
        if (met === undefined) way.sent += message.bytes.length;
      }
      await this.#pass(way, Buffer.concat(passing));
    }
    await this.#stalled;
    way.to.end();
  }

  #messagesOf(way: Way, chunk: Buffer): WireMessage[] {
    if (way === this.#server && this.#tlsAsked) return this.#answerToTls(chunk);
    const messages = way.splitter.push(chunk);
    for (const message of messages) {
      if (message.name === "SSLRequest") this.#tlsAsked = true;
      if (message.name === "Startup")
        this.application = startupParameter(message, "application_name") ?? "";
    }
    return messages;
  }

  /** One byte without a length: S, and all that follows is encrypted, or N. */
  #answerToTls(chunk: Buffer): WireMessage[] {
    this.#tlsAsked = false;
    if (chunk[0] === 0x53)
      for (const way of [this.#client, this.#server]) way.splitter.endSplitting();
    return [{ name: undefined, bytes: chunk }];
  }

  #meet(way: Way, message: WireMessage): { rule: LinkRule; passed: number } | undefined {
    for (const rule of this.#rules) {
      const passed = rule.meet(this, way.end, message, way.sent);
      if (passed !== undefined) return { rule, passed };
    }
    return undefined;
  }

  async #act(
    way: Way,
    { bytes }: WireMessage,
    { rule, passed }: { rule: LinkRule; passed: number },
  ): Promise<void> {
    const { fault } = rule.rule;
    const first = fault.after === true ? bytes.length : passed;
    await this.#pass(way, bytes.subarray(0, first));
    switch (fault.do) {
      case "cut":
        this.cut();
        break;
      case "reset":
        this.reset();
        break;
      case "stall":
        this.#stalled = rule.released;
        break;
      case "delay":
        await pause(fault.delayMs);
        break;
      case "slow":
        way.bytesPerSecond = fault.bytesPerSecond;
        break;
      case "drop":
        way.dropping = fault.bytes;
        way.cutWhenDropped = fault.cut === true;
        break;
    }
    await this.#pass(way, bytes.subarray(first));
    way.sent += bytes.length;
  }

  async #pass(way: Way, bytes: Buffer): Promise<void> {
    await this.#stalled;
    const kept = this.#withoutDropped(way, bytes);
    const slice = Math.max(1, Math.ceil(way.bytesPerSecond / SLICES_PER_SECOND));
    for (let at = 0; at < kept.length; at += slice) {
      const slow = Number.isFinite(slice);
      await write(way.to, slow ? kept.subarray(at, at + slice) : kept);
      if (slow) await pause(1000 / SLICES_PER_SECOND);
      await this.#stalled;
    }
  }

  #withoutDropped(way: Way, bytes: Buffer): Buffer {
    if (way.dropping === 0) return bytes;
    const dropped = Math.min(way.dropping, bytes.length);
    way.dropping -= dropped;
    if (way.dropping === 0 && way.cutWhenDropped) this.cut();
    return bytes.subarray(dropped);
  }
}

/** Waits for room, and for a last piece to have left. */
async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed || bytes.length === 0 || to.write(bytes)) return;
  const closed = new AbortController();
  await Promise.race([
    once(to, "drain", { signal: closed.signal }),
    once(to, "close", { signal: closed.signal }),
  ]).catch(() => {});
  closed.abort();
}
