/** The TLS parameters of an endpoint, with libpq's defaults and its refusals. */

import type { Side } from "../errors.js";
import type { Environment } from "../run/environment.js";
import type { SslMode, TlsSettings, TlsVersion } from "./endpoint.js";
import { choiceOf, type ParameterValues, wrongEndpoint } from "./parameters.js";
import { existingUserFile, exists, userFile } from "./user-files.js";

const modes: readonly SslMode[] = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
];
const versions: readonly TlsVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** @throws PgCopyError `usage` for values that contradict each other, and files that are missing. */
export async function tlsSettings(
  values: ParameterValues,
  environment: Environment,
  side: Side,
): Promise<TlsSettings> {
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T =>
    choiceOf(values, name, { choices, fallback, side });
  const system = values.get("sslrootcert") === "system";
  const mode = choice("sslmode", modes, system ? "verify-full" : "prefer");
  const negotiation = choice("sslnegotiation", ["postgres", "direct"], "postgres");
  if (system && mode !== "verify-full") {
    throw wrongEndpoint(
      side,
      `sslrootcert=system needs sslmode=verify-full, not ${mode}`,
      "a certificate of a public authority proves nothing unless the host name is checked too",
    );
  }
  if (negotiation === "direct" && !/^(require|verify-)/.test(mode)) {
    throw wrongEndpoint(
      side,
      `sslnegotiation=direct needs sslmode=require or stronger, not ${mode}`,
    );
  }
  return {
    mode,
    negotiation,
    serverName: choice("sslsni", ["0", "1"], "1") === "1",
    ...(values.has("ssl_min_protocol_version")
      ? { minVersion: choice("ssl_min_protocol_version", versions, "TLSv1.2") }
      : {}),
    ...(values.has("ssl_max_protocol_version")
      ? { maxVersion: choice("ssl_max_protocol_version", versions, "TLSv1.3") }
      : {}),
    ...(mode === "disable" ? {} : await tlsFiles(values, environment, side, mode)),
  };
}

async function tlsFiles(
  values: ParameterValues,
  environment: Environment,
  side: Side,
  mode: SslMode,
): Promise<Partial<TlsSettings>> {
  const own = async (name: string, file: string) =>
    values.get(name) ?? (await existingUserFile(environment, file));
  const rootCertificate = await own("sslrootcert", "root.crt");
  if (mode.startsWith("verify-")) await checkRootCertificate(rootCertificate, mode, side);
  const sendsCertificate = values.get("sslcertmode") !== "disable";
  const certificate = sendsCertificate ? await own("sslcert", "postgresql.crt") : undefined;
  const key = values.get("sslkey") ?? userFile(environment, "postgresql.key");
  const keyPassword = values.get("sslpassword");
  const revocationList = await own("sslcrl", "root.crl");
  return {
    // Without a file to check against, sslmode=require and weaker ones check nothing, as in libpq.
    ...(rootCertificate === undefined || !(await usableRoot(rootCertificate))
      ? {}
      : { rootCertificate }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(certificate === undefined || key === undefined ? {} : { key }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
    ...(revocationList === undefined ? {} : { revocationList }),
  };
}

async function usableRoot(rootCertificate: string): Promise<boolean> {
  return rootCertificate === "system" || (await exists(rootCertificate));
}

async function checkRootCertificate(
  rootCertificate: string | undefined,
  mode: SslMode,
  side: Side,
): Promise<void> {
  if (rootCertificate !== undefined && (await usableRoot(rootCertificate))) return;
  throw wrongEndpoint(
    side,
    rootCertificate === undefined
      ? `sslmode=${mode} needs a root certificate, and none is given`
      : `sslmode=${mode} needs a root certificate, and ${rootCertificate} does not exist`,
    "name a file of trusted certificates with sslrootcert (by default ~/.postgresql/root.crt), or use sslrootcert=system",
  );
}
