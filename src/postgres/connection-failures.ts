/** Telling the failures of a connection attempt apart, where no server's ErrorResponse does. */

/** What node-postgres says when the server answers the SSLRequest with `N`. */
const TLS_UNSUPPORTED = "The server does not support SSL connections";
/** … and with anything else, such as an ErrorResponse. */
const TLS_REFUSED = "There was an error establishing an SSL connection";

/** The error's code, as Node and OpenSSL give it; '' if it has none. */
export function errorCode(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = (first as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

export function isTlsUnsupported(error: unknown): boolean {
  return error instanceof Error && error.message === TLS_UNSUPPORTED;
}

/** OpenSSL's verdicts on a certificate, and Node's own on its names. */
export function isCertificateFailure(error: unknown): boolean {
  return /CERT_ALTNAME|^(?!ERR_).*(CERT|CRL|SIGNATURE|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/.test(
    errorCode(error),
  );
}

/** Whether TLS itself failed, so that an attempt without it may succeed. */
export function isTlsFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    isTlsUnsupported(error) ||
    error.message === TLS_REFUSED ||
    error.message.includes("before secure TLS connection") ||
    isCertificateFailure(error) ||
    /^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO)/.test(errorCode(error))
  );
}
