/** `quittance <command>`: command-line.ts says what there is. */
import { readFile } from "node:fs/promises";
import tls from "node:tls";
import { UsageError } from "./command.js";
import { runCommandLine } from "./command-line.js";

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  version,
  terminal: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colours: process.stdout.isTTY === true && !process.env.NO_COLOR,
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    },
  },
  trust: async (authorityFile) => {
    if (process.env.NODE_EXTRA_CA_CERTS) return;
    // Since Node 24.5.
    if (tls.setDefaultCACertificates === undefined) {
      throw new UsageError(`The stack has an authority of its own: set NODE_EXTRA_CA_CERTS=${authorityFile}.`);
    }
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), await readFile(authorityFile, "utf8")]);
  },
});
