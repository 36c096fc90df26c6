/** `npm run quittance -- <command>`: command-line.ts says what there is. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "./command-line.js";

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  root: fileURLToPath(new URL("../../../../..", import.meta.url)),
  terminal: {
    out: (text) => void process.stdout.write(text),
    drained: async () => {
      if (!process.stdout.writableNeedDrain || process.stdout.destroyed) return;
      await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
    },
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    },
  },
});
if (process.connected) process.disconnect?.();
