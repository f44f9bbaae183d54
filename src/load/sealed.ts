/**
 * Values as bytes: packed, and sealed where they hold what only who started the run may know. Node's own
 * serialisation keeps maps, sets, bigints and shared parts as they are, which a plan is full of.
 */

import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";
import { gunzip, gzip } from "node:zlib";

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const derive = promisify<string, Buffer, number, Buffer>(scrypt);

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What opens a sealed value again: the same secret, and this salt. */
export interface Seal {
  readonly secret: string;
  /** As base64; not secret. */
  readonly salt: string;
}

/** A seal that no other value has. */
export function newSeal(secret: string): Seal {
  return { secret, salt: randomBytes(16).toString("base64") };
}

/** The value as bytes. */
export async function pack(value: unknown, seal?: Seal): Promise<Buffer> {
  const packed = await compress(serialize(value), { level: 1 });
  if (seal === undefined) return packed;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, await keyOf(seal), nonce);
  const sealed = Buffer.concat([cipher.update(packed), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** The value again; undefined where the seal is another one, or the bytes are not whole. */
export async function unpack(bytes: Buffer, seal?: Seal): Promise<unknown> {
  try {
    const packed = seal === undefined ? bytes : await opened(bytes, seal);
    return deserialize(await decompress(packed));
  } catch {
    return undefined;
  }
}

async function opened(bytes: Buffer, seal: Seal): Promise<Buffer> {
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, await keyOf(seal), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const sealed = bytes.subarray(NONCE_BYTES + TAG_BYTES);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

async function keyOf({ secret, salt }: Seal): Promise<Buffer> {
  return await derive(secret, Buffer.from(salt, "base64"), KEY_BYTES);
}
