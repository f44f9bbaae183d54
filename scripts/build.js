// Builds dist/: TypeScript, and the files that are JavaScript already because a worker loads them.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleCommandLine } from "./bundle.js";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.json`],
  { stdio: "inherit" },
);
for (const file of readdirSync(`${root}src`, { recursive: true })) {
  if (/\.c?js$/.test(String(file))) cpSync(`${root}src/${file}`, `${root}dist/${file}`);
}
chmodSync(`${root}dist/cli/main.js`, 0o755);
chmodSync(`${root}dist/cli/launch.cjs`, 0o755);
await bundleCommandLine(root);
