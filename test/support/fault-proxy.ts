/**
 * A proxy on loopback in front of a real server, which does to a connection what networks do, at a
 * chosen message or byte:
 *
 *     await using proxy = await openFaultProxy(target.server);
 *     const rule = proxy.rule({ connection: "pgcopy job", from: "server",
 *       at: { message: "CommandComplete", text: /^COMMIT/ }, fault: { do: "cut" } });
 *     clone({ source: source.uri, target: proxy.through(target.uri) });
 *     await rule.fired;
 *
 * A rule is looked at for each message before it goes on. It acts once, unless `times` says otherwise.
 */

import { createServer, connect as tcpConnect } from "node:net";
import { type Fault, FaultLink } from "./fault-link.js";
import { type End, type MessageName, textOf, type WireMessage } from "./wire-messages.js";

export interface FaultRule {
  /** Connections with this application_name; all, if it is not given. */
  readonly connection?: string | RegExp;
  /** Only the nth of these connections, from 1 on. */
  readonly nthConnection?: number;
  /** Who sends what the rule waits for. */
  readonly from: End;
  readonly at: Point;
  readonly fault: Fault;
  /** Default: 1. */
  readonly times?: number;
}

/** Counted in each connection by itself; the nth from 1 on, the first by default. */
export type Point =
  | { readonly message: MessageName; readonly text?: RegExp; readonly nth?: number }
  /** So many bytes are passed on before it. */
  | { readonly byte: number };

export interface ArmedRule {
  /** Resolves with the application_name of the connection when the rule acts for the first time. */
  readonly fired: Promise<string>;
  /** How often it has acted. */
  readonly count: number;
  /** What it has stalled goes on. */
  release(): void;
  /** It acts no more. */
  disarm(): void;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** The connections that are open. */
  readonly links: ReadonlySet<FaultLink>;
  /** Every connection so far. */
  readonly allLinks: readonly FaultLink[];
  /** The URI of the server, leading through the proxy. */
  through(uri: string): string;
  rule(rule: FaultRule): ArmedRule;
}

/** Listens on a free port of 127.0.0.1; disposing of it resets what is left. */
export async function openFaultProxy(server: {
  readonly host: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const links = new Set<FaultLink>();
  const allLinks: FaultLink[] = [];
  const rules: Rule[] = [];
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = tcpConnect({ host: server.host, port: server.port, allowHalfOpen: true });
    const link = new FaultLink(client, upstream, rules, () => links.delete(link));
    links.add(link);
    allLinks.push(link);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    links,
    allLinks,
    through: (uri) => uri.replace(`${server.host}:${server.port}`, `127.0.0.1:${port}`),
    rule: (wanted) => {
      const rule = new Rule(wanted);
      rules.push(rule);
      return rule;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const rule of rules) rule.disarm();
      for (const link of links) link.reset();
      await closed;
    },
  };
}

/** What a rule has seen of one connection. */
interface Seen {
  readonly number: number;
  messages: number;
}

class Rule implements ArmedRule {
  readonly fired: Promise<string>;
  readonly rule: FaultRule;
  readonly released: Promise<void>;
  count = 0;
  #left: number;
  #connections = 0;
  readonly #seen = new WeakMap<FaultLink, Seen>();
  #fire: (application: string) => void = () => {};
  #release: () => void = () => {};

  constructor(rule: FaultRule) {
    this.rule = rule;
    this.#left = rule.times ?? 1;
    this.fired = new Promise((resolve) => {
      this.#fire = resolve;
    });
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  disarm(): void {
    this.#left = 0;
    this.#release();
  }

  /**
   * Whether it acts at this message; it has then fired.
   *
   * @param before bytes that this end has sent before it.
   * @returns how many bytes of the message are passed on first.
   */
  meet(link: FaultLink, end: End, message: WireMessage, before: number): number | undefined {
    if (this.#left <= 0 || end !== this.rule.from) return undefined;
    const seen = this.#of(link);
    if (seen.number === 0) return undefined;
    const passed = this.#passedFirst(seen, message, before);
    if (passed === undefined) return undefined;
    this.#left--;
    this.count++;
    this.#fire(link.application);
    return passed;
  }

  #passedFirst(seen: Seen, message: WireMessage, before: number): number | undefined {
    const { at } = this.rule;
    if ("byte" in at) {
      const passed = at.byte - before;
      return passed >= 0 && passed < message.bytes.length ? passed : undefined;
    }
    if (message.name !== at.message) return undefined;
    if (at.text !== undefined && !at.text.test(textOf(message))) return undefined;
    seen.messages++;
    return seen.messages === (at.nth ?? 1) || (this.count > 0 && this.#left > 0) ? 0 : undefined;
  }

  /** The number is 0 for a connection that it is not about. */
  #of(link: FaultLink): Seen {
    const known = this.#seen.get(link);
    if (known !== undefined) return known;
    const { connection = /^/, nthConnection } = this.rule;
    const meant =
      typeof connection === "string"
        ? connection === link.application
        : connection.test(link.application);
    const number = meant ? ++this.#connections : 0;
    const seen = { number: number === (nthConnection ?? number) ? number : 0, messages: 0 };
    // Before its Startup a connection has no name yet.
    if (link.application !== "" || meant) this.#seen.set(link, seen);
    return seen;
  }
}
