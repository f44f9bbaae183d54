/** Starts one server of each major version before the tests, and stops them after. */

import type { TestProject } from "vitest/node";
import {
  type LaunchedServer,
  launchServer,
  majorsToLaunch,
  type ServerAddress,
} from "./launch-servers.js";

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
  return () => stopAll(launched);
}

async function stopAll(servers: readonly LaunchedServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
}
