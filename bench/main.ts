/** `npm run bench -- <bench> [options]`: runs one bench and prints its figures as JSON on the last line. */

import { benchFloor } from "./floor/bench-floor.js";
import { benchImport } from "./import.js";
import { benchOverload } from "./overload.js";
import { benchPayments } from "./payments/bench-payments.js";
import { benchSdk } from "./sdk/bench-sdk.js";
import { benchSeal } from "./seal.js";

const BENCHES: Readonly<Record<string, { readonly about: string; run(args: readonly string[]): Promise<unknown> }>> = {
  overload: {
    about: "ten times the load that the system can do: memory, refusals, and what comes after",
    run: benchOverload,
  },
  floor: { about: "the parts that every payment is made of, each alone: what nobody can go below", run: benchFloor },
  payments: { about: "payments a second through all five services, and what each process costs", run: benchPayments },
  sdk: { about: "the SDK against plain rhea: send, receive, request, process; memory", run: benchSdk },
  import: { about: "clients imported from a CSV file: time, memory, and what a kill costs", run: benchImport },
  seal: { about: "sealing and opening a card, symmetric against asymmetric, and signing a message", run: benchSeal },
};

const [name = "payments", ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined || name === "--help") {
  const list = Object.entries(BENCHES).map(([key, value]) => `  ${key.padEnd(10)} ${value.about}`);
  process.stdout.write(`npm run bench -- <bench> [--help]\n\n${list.join("\n")}\n`);
  process.exitCode = name === "--help" ? 0 : 2;
} else {
  process.stdout.write(
    `${JSON.stringify({ bench: name, node: process.version, ...((await bench.run(args)) as object) })}\n`,
  );
}
