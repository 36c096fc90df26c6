/** `quittance secrets <folder>`: makes the secrets of a new installation there, once. */
import { parseArgs } from "node:util";
import { PORTS } from "../topology/system-table.js";
import { createInstallation } from "./create-installation.js";

const USAGE = `Usage: quittance secrets <folder> [options]

Makes passwords and keys for every part of a new installation, a folder for each and a file for each variable. Run
again it leaves them as they are, and writes the broker's broker.xml of this release.

  --broker <host:port>      Where services find the broker [broker:${PORTS.amqp}].
  --database <host:port>    Where they find PostgreSQL [database:${PORTS.postgresql}].
  --instance <path>         Where the broker's machine has its folder, whose etc is made here [/instance].
`;

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      broker: { type: "string", default: `broker:${PORTS.amqp}` },
      database: { type: "string", default: `database:${PORTS.postgresql}` },
      instance: { type: "string", default: "/instance" },
    },
  });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) throw new Error("Name one folder.");
  const made = await createInstallation({
    folder,
    broker: values.broker,
    database: `${values.database}/quittance`,
    admin: "postgres",
    brokerMountedAt: values.instance,
  });
  process.stdout.write(made ? "New secrets were made.\n" : "The secrets are there already.\n");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
