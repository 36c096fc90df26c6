import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { demoPayments } from "../../dist/stack/demo-cases.js";
import { makeDemoPayments } from "../../dist/stack/demo-payments.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { startPostgres } from "../../dist/stack/postgres.js";
import type { RunFile } from "../../dist/stack/run-file.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { pidOf, START_MS, STOP_MS, treeOf, untilGone, untilSaid, untilUp, useLaunchers } from "./launcher-for-tests.js";

const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [user, "of-tests"])) as Record<BrokerUserName, string>;

describe("npm start", function () {
  this.timeout(START_MS + STOP_MS);
  const { folder, launch } = useLaunchers();

  it("with --once shows the five payments, exits with 0, and leaves nothing behind", async () => {
    const launcher = launch(["--once"]);
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    for (const end of ["SUCCEEDED", "INSUFFICIENT_FUNDS", "CARD_EXPIRED", "INVALID_CARD_NUMBER", "MERCHANT_CLOSED"]) {
      expect(launcher.output()).to.contain(end);
    }
    expect(launcher.output()).to.match(/The operator's console: http:\/\/127\.0\.0\.1:\d+\/#token=\S+\n/);
    expect(launcher.output()).not.to.match(/error|warning/i);
    expect(existsSync(launcher.runFile)).to.equal(false);
  });

  it("runs several processes of each service, pays through each gateway, and says where each listens", async () => {
    const launcher = launch(["--once", "--instances", SERVICES.map((name) => `${name}=2`).join(",")]);
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    expect(launcher.output()).to.match(
      /gRPC on localhost:\d+, HTTP on localhost:\d+\nGateway 2: gRPC on localhost:\d+/,
    );
    expect(launcher.output()).to.contain("gateway 1 > card-validation").and.to.contain("gateway 2 > card-validation");
    expect(launcher.output()).not.to.match(/error|warning/i);
  });

  it("with --once --quiet says one line", async () => {
    const launcher = launch(["--once", "--quiet"]);
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    expect(launcher.output().trim().split("\n")).to.have.length(1);
  });

  it("runs on a broker and a database of the user's own, again and again, and keeps their keys", async () => {
    const postgres = await startPostgres({ guardian: testGuardian() });
    const shop = embeddedBrokerOptions(PASSWORDS);
    const everything = { name: "all", password: "of-tests", send: ["*"], consume: ["*"] };
    const broker = await startBroker({
      ...shop,
      users: [{ ...everything, temporary: true, sendTemporary: true }],
    });
    const args = ["--database", postgres.url, "--broker", `amqp://all:of-tests@127.0.0.1:${broker.port}`, "--once"];
    try {
      const own = join(folder, "kept");
      const keys: string[] = [];
      for (const _start of ["first", "second"]) {
        const launcher = launch(args, own);
        expect(await launcher.exitCode(), launcher.output()).to.equal(0);
        expect(statSync(join(own, "keys.json")).mode & 0o777).to.equal(0o600);
        keys.push(readFileSync(join(own, "keys.json"), "utf8"));
      }
      expect(keys[1]).to.equal(keys[0]);
    } finally {
      await broker.close();
      await postgres.stop();
    }
  });

  it("names the option whose port is taken, and starts nothing", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const launcher = launch(["--http-port", String(port)]);
    expect(await launcher.exitCode()).to.equal(2);
    expect(launcher.output()).to.contain("--http-port").and.to.contain(`Port ${port} is taken`);
    await new Promise((resolve) => server.close(resolve));
  });

  it("starts again what died, says so, and stops everything at Ctrl-C", async () => {
    const launcher = launch();
    await untilUp(launcher);
    expect(statSync(launcher.runFile).mode & 0o777).to.equal(0o600);
    const before = launcher.run();
    const processes = treeOf(launcher.child.pid as number);
    for (const { name, pid } of before.services) {
      process.kill(pid, "SIGKILL");
      await untilSaid(launcher, `${name} died (killed by SIGKILL)`);
    }
    process.kill(pidOf(processes, "main.js console"), "SIGKILL");
    await untilSaid(launcher, "console died (killed by SIGKILL)");
    process.kill(pidOf(processes, "embedded-broker-main"), "SIGKILL");
    await untilSaid(launcher, "broker died (killed by SIGKILL)");
    process.kill(pidOf(processes, "bin/postgres"), "SIGKILL");
    await untilSaid(launcher, "database died (killed by SIGKILL)");
    for (const name of [...before.services.map((service) => service.name), "broker", "database", "console"]) {
      await untilSaid(launcher, `${name} is back`);
    }
    const now = await eventually("the run file names the new processes", () => {
      const run = launcher.run();
      return run.services.every(({ pid }) => !before.services.some((old) => old.pid === pid)) && run;
    });
    expect({ ...now, services: [] }).to.deep.equal({ ...before, services: [] });
    await untilPaymentsSucceed(now);
    expect((await fetch(`${now.console}/console/v1/session`)).status).to.equal(401);

    const last = [...processes, ...treeOf(launcher.child.pid as number)].map(({ identity }) => identity);
    launcher.child.kill("SIGINT");
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    await untilGone(last, launcher.runFile);
  });

  it("leaves nothing behind when the guardian and then the launcher are killed", async () => {
    const launcher = launch();
    await untilUp(launcher);
    const pid = launcher.child.pid as number;
    const guardian = pidOf(treeOf(pid), "guardian-main");
    process.kill(guardian, "SIGKILL");
    await eventually("there is another guardian", () =>
      treeOf(pid).some(({ command, identity }) => command.includes("guardian-main") && identity.pid !== guardian),
    );
    const processes = treeOf(pid);
    const data = processes.find(({ command }) => command.includes("bin/postgres"))?.command.split(" -D ")[1];
    const dataFolder = data?.split(" ")[0] as string;
    expect(existsSync(dataFolder)).to.equal(true);
    launcher.child.kill("SIGKILL");
    await untilGone(
      processes.map(({ identity }) => identity),
      launcher.runFile,
    );
    expect(existsSync(dataFolder)).to.equal(false);
  });

  it("stops at once when it is told twice, also while it starts", async () => {
    const launcher = launch();
    const pid = launcher.child.pid as number;
    await eventually(
      "the first service starts",
      () => treeOf(pid).some(({ command }) => /(gateway|card-validation).main\.js/.test(command)),
      START_MS,
    );
    const processes = treeOf(pid);
    launcher.child.kill("SIGINT");
    await untilSaid(launcher, "Stopping.");
    launcher.child.kill("SIGTERM");
    expect(await launcher.exitCode(), launcher.output()).to.equal(0);
    expect(launcher.output()).to.contain("Stopping at once.");
    await untilGone(
      processes.map(({ identity }) => identity),
      launcher.runFile,
    );
  });
});

/** The five payments again, over the door that the run file tells: after all those deaths they end as they should. */
async function untilPaymentsSucceed(run: RunFile): Promise<void> {
  const payments = demoPayments().filter(({ merchantId }) => merchantId === demoPayments()[0].merchantId);
  await eventually(
    "the payments end as they should",
    async () => {
      const results = await makeDemoPayments({
        payments,
        grpcPorts: [Number(run.grpc.split(":")[1])],
        tokenOf: async () => run.token,
        signal: new AbortController().signal,
      });
      return results.every(({ problem }) => problem === undefined);
    },
    STOP_MS,
  );
}
