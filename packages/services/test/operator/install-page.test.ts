import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import pg from "pg";
import type { BrokerUserName } from "../../dist/shared/queue-map.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { freePort } from "../../dist/stack/free-ports.js";
import { type PostgresServer, startPostgres } from "../../dist/stack/postgres.js";
import { SERVICES, SYSTEM } from "../../dist/topology/system-table.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/operating/install.md"), "utf8");
/** The page's commands for machines, in their order. */
const COMMANDS = [...PAGE.matchAll(/<!-- run by the tests -->\n```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
const BOUND_MS = 60_000;

describe("The page on installing by hand", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "quittance-install-"));
  const ports = new Map<string, number>();
  const services: ChildProcess[] = [];
  let database: PostgresServer;
  let broker: Awaited<ReturnType<typeof startBroker>>;
  let output = "";

  before("PostgreSQL runs", async () => {
    database = await startPostgres({ guardian: testGuardian() });
    for (const port of PAGE.match(/(?<=_PORT=)\d+|(?<=BROKER=localhost:)\d+/g) ?? []) ports.set(port, await freePort());
    ports.set("5432", Number(new URL(database.url).port));
  });
  after("everything stops", async () => {
    for (const service of services) if (service.pid !== undefined) process.kill(-service.pid, "SIGTERM");
    await Promise.all(
      services.map((service) => service.exitCode ?? new Promise((done) => service.once("close", done))),
    );
    await broker?.close();
    await database?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A shell with what the page's reader has by then, and with other ports. */
  function shell(commands: string): ChildProcess {
    const moved = commands.replace(/\b(\d{4,5})\b/g, (port) => String(ports.get(port) ?? port));
    const setUp = `set -e; SECRETS=${folder}/secrets; quittance() { node ${ROOT}packages/services/dist/main.js "$@"; }\n`;
    const child = spawn("bash", ["-c", setUp + moved.replace("$PWD/secrets", `${folder}/secrets`)], {
      cwd: folder,
      env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
    return child;
  }

  async function run(commands: string): Promise<string> {
    output = "";
    const child = shell(commands);
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code, output).to.equal(0);
    return output;
  }

  it("brings up every service, and pays", async () => {
    const [secrets, migrate, ...rest] = COMMANDS as [string, string, ...string[]];
    const [starts, [accounts, books]] = [rest.slice(0, SERVICES.length), rest.slice(SERVICES.length)];
    expect(starts.map((text) => text.trim().split(" ").at(-1)).sort()).to.deep.equal([...SERVICES].sort());

    await run(secrets);
    broker = await startBroker({ ...embeddedBrokerOptions(brokerLogins()), port: ports.get("5672") as number });
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`ALTER ROLE postgres PASSWORD '${secretOf("database/POSTGRES_PASSWORD")}'`);
    await admin.query("CREATE DATABASE quittance");
    await admin.end();
    expect(await run(migrate)).to.contain("up to date");

    output = "";
    for (const start of starts) services.push(shell(start));
    for (const [port, moved] of ports) {
      if (!/^80(8[1-5])$/.test(port)) continue;
      await eventually(`${port} is ready`, () => isReady(moved), BOUND_MS).catch((error: unknown) => {
        throw new Error(output, { cause: error });
      });
    }
    const token = (await run(accounts as string)).trim().split("\n").at(-1);
    const answer = await fetch(`http://127.0.0.1:${ports.get("8080")}/v1/payments`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({
        requestId: "first",
        card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
        amount: { currencyCode: "EUR", minorUnits: "1250" },
        wait: "30s",
      }),
    });
    expect(await answer.text()).to.contain("PAYMENT_STATE_SUCCEEDED");
    // The page goes on in the same shell.
    const exported = (accounts as string).match(/^export .*$/gm)?.join("\n");
    await run(`${exported}\n${books}`);
  });

  it("makes secrets once", async () => {
    const before = secretOf("gateway/PAYMENT_ID_KEYS");
    expect(await run(COMMANDS[0] as string)).to.contain("there already");
    expect(secretOf("gateway/PAYMENT_ID_KEYS")).to.equal(before);
  });

  it("says of each secret who needs it", () => {
    const rows = [...PAGE.matchAll(/^\| (`[A-Z_`, ]+`) \| ([^|]+) \|/gm)];
    const told = new Map(
      rows.flatMap(([, names = "", who = ""]) => [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => [name, who])),
    );
    for (const service of SERVICES) {
      const needed = SYSTEM[service].secrets.filter(
        (name) => !["every service", service].some((who) => told.get(name)?.split(", ").includes(who)),
      );
      expect(needed, service).to.deep.equal([]);
    }
    for (const [name, who = ""] of told) {
      const named = SERVICES.filter((service) => who.split(", ").includes(service));
      expect(
        named.filter((service) => !SYSTEM[service].secrets.includes(name ?? "")),
        name,
      ).to.deep.equal([]);
    }
  });

  function secretOf(file: string): string {
    return readFileSync(join(folder, "secrets", file), "utf8");
  }

  function brokerLogins(): Record<BrokerUserName, string> {
    const lines = secretOf("broker/etc/artemis-users.properties").trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split("="))) as Record<BrokerUserName, string>;
  }
});

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}
