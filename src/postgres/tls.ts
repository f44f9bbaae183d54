/** From an endpoint's TLS settings to what Node's TLS needs; reads the certificate files. */

import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import * as tls from "node:tls";
import type { TlsSettings } from "../endpoint/endpoint.js";
import { PgCopyError } from "../errors.js";

/**
 * The options for a TLS connection to `host` (the name that the certificate must be for).
 *
 * As in libpq, the server's certificate is checked whenever there is a root certificate to check it
 * against, also under `sslmode=require`; its host name only under `verify-full`.
 *
 * @throws PgCopyError `usage` if a file can't be read or used, or others may read the key.
 */
export async function tlsOptions(
  settings: TlsSettings,
  host: string,
): Promise<tls.ConnectionOptions> {
  const ca = await trusted(settings);
  const cert = await pem("sslcert", settings.certificate);
  if (settings.key !== undefined) await refuseOpenKey(settings.key);
  const key = await pem("sslkey", settings.key);
  const crl = await pem("sslcrl", settings.revocationList);
  const secrets: tls.SecureContextOptions = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(settings.keyPassword === undefined ? {} : { passphrase: settings.keyPassword }),
    ...(crl === undefined ? {} : { crl }),
    ...(settings.minVersion === undefined ? {} : { minVersion: settings.minVersion }),
    ...(settings.maxVersion === undefined ? {} : { maxVersion: settings.maxVersion }),
  };
  checkUsable(secrets);
  return {
    ...secrets,
    host,
    // A server name that is an address is not allowed in TLS.
    ...(settings.serverName && isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized:
      settings.mode.startsWith("verify-") || settings.rootCertificate !== undefined,
    ...(settings.mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The root certificates; undefined for those that Node brings. */
async function trusted(settings: TlsSettings): Promise<string | string[] | undefined> {
  if (settings.rootCertificate !== "system") {
    return await pem("sslrootcert", settings.rootCertificate);
  }
  // From Node 22.15 on; before it, `system` means the list that Node brings.
  const { getCACertificates } = tls as {
    getCACertificates?: (kind: "default" | "system") => string[];
  };
  if (getCACertificates === undefined) return undefined;
  return [...getCACertificates("default"), ...getCACertificates("system")];
}

/**
 * As libpq: whoever else may read the key could pass for its owner. root's may be read by a group,
 * so that one file serves several services.
 */
async function refuseOpenKey(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const file = await stat(path).catch(() => undefined);
  // What can't be looked at is named when it is read.
  if (file === undefined) return;
  const most = file.uid === 0 ? 0o640 : 0o600;
  if (file.isFile() && (file.mode & 0o077 & ~most) === 0) return;
  throw new PgCopyError(
    file.isFile()
      ? `the key that sslkey names is open to others: ${path}`
      : `sslkey names no plain file: ${path}`,
    { code: "usage", advice: `chmod 600 ${path}` },
  );
}

async function pem(parameter: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new PgCopyError(`can't read the file that ${parameter} names: ${words(error)}`, {
      code: "usage",
      cause: error,
    });
  }
}

/** A key that does not fit its certificate shows here, not as a handshake that fails for no known reason. */
function checkUsable(secrets: tls.SecureContextOptions): void {
  try {
    tls.createSecureContext(secrets);
  } catch (error) {
    throw new PgCopyError(`the TLS certificates or the key can't be used: ${words(error)}`, {
      code: "usage",
      advice:
        "check the PEM files of sslrootcert, sslcert, sslkey and sslcrl, and sslpassword if the key is encrypted",
      cause: error,
    });
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
