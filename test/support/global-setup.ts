/** Starts one server of each major version before the tests, and stops them after. */

import type { TestProject } from "vitest/node";
import {
  type LaunchedServer,
  launchServer,
  majorsToLaunch,
  type ServerAddress,
} from "./launch-servers.js";
import { leftAtTheEnd } from "./leaks.js";

declare module "vitest" {
  interface ProvidedContext {
    servers: Readonly<Record<number, ServerAddress>>;
  }
}

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const majors = majorsToLaunch();
  const launches = await Promise.allSettled(majors.map((major) => launchServer(major)));
  const launched = launches.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = launches.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stopAll(launched);
    throw failed.reason;
  }
  project.provide(
    "servers",
    Object.fromEntries(launched.map(({ address }) => [address.major, address])),
  );
  return async () => {
    const left = await leftAtTheEnd(launched.map(({ address }) => address));
    await stopAll(launched);
    if (left.length === 0) return;
    // Vitest prints the error, and would exit with 0.
    process.exitCode = 1;
    throw new Error(`the tests have left behind:\n${left.join("\n")}`);
  };
}

async function stopAll(servers: readonly LaunchedServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
}
