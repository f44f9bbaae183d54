/**
 * The PostgreSQL protocol as far as its messages' boundaries: what somebody between client and server
 * has to know of it to act at one of them.
 */

/** Messages that a test may name; several share a letter, each in a direction of its own. */
const letters = {
  client: {
    Query: "Q",
    Parse: "P",
    Bind: "B",
    Execute: "E",
    Sync: "S",
    CopyData: "d",
    CopyDone: "c",
    CopyFail: "f",
    Terminate: "X",
  },
  server: {
    Authentication: "R",
    BackendKeyData: "K",
    ReadyForQuery: "Z",
    RowDescription: "T",
    DataRow: "D",
    CommandComplete: "C",
    CopyInResponse: "G",
    CopyOutResponse: "H",
    CopyData: "d",
    CopyDone: "c",
    ErrorResponse: "E",
  },
} as const;

export type End = keyof typeof letters;
/** Without a letter, as the first of a connection have none: Startup, SSLRequest, CancelRequest. */
export type MessageName =
  | keyof typeof letters.client
  | keyof typeof letters.server
  | "Startup"
  | "SSLRequest"
  | "CancelRequest";

export interface WireMessage {
  /** Undefined for one that no test names. */
  readonly name: MessageName | undefined;
  /** All of it, with letter and length. */
  readonly bytes: Buffer;
}

/** The text in it: of a Query its statements, of a CommandComplete its tag. */
export function textOf({ bytes }: WireMessage): string {
  return bytes.toString("utf8", 5).replace(/\0$/, "");
}

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** Cuts what one end says into messages. */
export class MessageSplitter {
  readonly #names: ReadonlyMap<string, MessageName>;
  #rest: Buffer = Buffer.alloc(0);
  /** `raw`: not split any more, as after TLS has begun. */
  #state: "startup" | "letter" | "raw";

  constructor(end: End) {
    const known = Object.entries(letters[end]) as [MessageName, string][];
    this.#names = new Map(known.map(([name, letter]) => [letter, name]));
    this.#state = end === "client" ? "startup" : "letter";
  }

  /** From now on what comes is passed as it is. */
  endSplitting(): void {
    this.#state = "raw";
  }

  /** The messages that are complete with this piece; the rest is kept. */
  push(piece: Buffer): WireMessage[] {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const messages: WireMessage[] = [];
    for (let one = this.#next(); one !== undefined; one = this.#next()) messages.push(one);
    return messages;
  }

  #next(): WireMessage | undefined {
    if (this.#state === "raw") return this.#take(this.#rest.length, undefined);
    const header = this.#state === "letter" ? 1 : 0;
    if (this.#rest.length < header + 4) return undefined;
    const length = header + this.#rest.readInt32BE(header);
    if (this.#state === "startup") return this.#startup(length);
    return this.#take(length, this.#names.get(String.fromCharCode(this.#rest[0] ?? 0)));
  }

  #startup(length: number): WireMessage | undefined {
    if (this.#rest.length < length) return undefined;
    const code = this.#rest.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return this.#take(length, "SSLRequest");
    if (code === CANCEL_REQUEST) return this.#take(length, "CancelRequest");
    this.#state = "letter";
    return this.#take(length, "Startup");
  }

  #take(length: number, name: MessageName | undefined): WireMessage | undefined {
    if (length === 0 || this.#rest.length < length) return undefined;
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return { name, bytes };
  }
}

/** A parameter of a Startup message, such as `application_name`. */
export function startupParameter({ bytes }: WireMessage, name: string): string | undefined {
  const texts = bytes.toString("utf8", 8).split("\0");
  const at = texts.findIndex((text, index) => index % 2 === 0 && text === name);
  return at < 0 ? undefined : texts[at + 1];
}
