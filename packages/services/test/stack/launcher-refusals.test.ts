import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import pg from "pg";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { signalProcess } from "../../dist/stack/process-identity.js";
import { testPostgres } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { LAUNCHER_MAIN, START_MS, STOP_MS, treeOf, untilGone, untilUp, useLaunchers } from "./launcher-for-tests.js";

const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [user, "of-tests"])) as Record<BrokerUserName, string>;
/** A sentence about a server that cannot be used comes within 5 s; this machine may be busy with other tests. */
const SENTENCE_MS = 5_000;

/** A server that takes connections and says nothing. */
async function listenInSilence(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("npm start", function () {
  this.timeout(START_MS + STOP_MS);
  const { folder, launch } = useLaunchers();

  it("leaves a stack of the same folder alone: a second one says who runs, and starts nothing", async () => {
    const first = launch();
    await untilUp(first);
    const run = readFileSync(first.runFile, "utf8");
    const logs = readdirSync(join(first.folder, "logs"));
    for (const args of [[], ["--once", "--quiet"]]) {
      const second = launch(args, first.folder);
      expect(await second.exitCode()).to.equal(1);
      expect(second.output().trim().split("\n"), second.output()).to.have.length(1);
      expect(second.output())
        .to.contain(`npm start runs already as process ${first.child.pid}`)
        .and.to.contain("QUITTANCE_FOLDER");
    }
    expect(readFileSync(first.runFile, "utf8")).to.equal(run);
    expect(readdirSync(join(first.folder, "logs"))).to.deep.equal(logs);
    first.child.kill("SIGTERM");
    expect(await first.exitCode()).to.equal(0);
    expect(readdirSync(first.folder)).to.deep.equal(["logs"]);
  });

  it("takes the folder of a stack that was killed", async () => {
    const own = join(folder, "killed");
    const first = launch([], own);
    await eventually("it owns the folder", () => existsSync(join(own, "owner.json")), START_MS);
    const processes = treeOf(first.child.pid as number).map(({ identity }) => identity);
    // Without its guardian too, which would have removed the file.
    // Some are brief, and have ended by then.
    for (const process of [...processes].reverse()) signalProcess(process, "SIGKILL");
    await first.exitCode();
    const second = launch(["--once", "--quiet"], own);
    expect(await second.exitCode(), second.output()).to.equal(0);
    expect(existsSync(join(own, "owner.json"))).to.equal(false);
  });

  it("lets one of many that start at once have the folder", async () => {
    const own = join(folder, "raced");
    const all = [launch([], own), launch([], own), launch([], own), launch([], own)];
    const codes = all.map(async (launcher) => [launcher, await launcher.exitCode()] as const);
    const refused = await Promise.all([1, 2, 3].map((place) => nth(codes, place)));
    expect(refused.map(([, code]) => code)).to.deep.equal([1, 1, 1]);
    const [winner] = all.filter((launcher) => !refused.some(([loser]) => loser === launcher));
    if (winner === undefined) throw new Error("Nobody has it.");
    await untilUp(winner);
    winner.child.kill("SIGTERM");
    expect(await winner.exitCode()).to.equal(0);
  });

  const away: [string, (port: number) => string[], string][] = [
    ["a broker where nobody listens", (port) => ["--broker", `amqp://me:secret@127.0.0.1:${port}`], "ECONNREFUSED"],
    ["a broker that is silent", (port) => ["--broker", `amqp://me:secret@127.0.0.1:${port}`], "no answer within 4 s"],
    [
      "a database where nobody listens",
      (port) => ["--database", `postgres://me:secret@127.0.0.1:${port}/x`],
      "ECONNREFUSED",
    ],
    [
      "a database that is silent",
      (port) => ["--database", `postgres://me:secret@127.0.0.1:${port}/x`],
      "no answer within 4 s",
    ],
  ];
  for (const [what, argsOf, cause] of away) {
    it(`names ${what} in one sentence within 5 s, without the password, and starts nothing`, async () => {
      const { port, close } = await listenInSilence();
      if (cause === "ECONNREFUSED") await close();
      const args = argsOf(port);
      const launcher = launch(args);
      const pid = launcher.child.pid as number;
      const began = await eventually("it runs", () => existsSync(launcher.folder) && performance.now());
      expect(treeOf(pid), "nothing is started").to.have.length(1);
      expect(await launcher.exitCode()).to.equal(2);
      expect(performance.now() - began).to.be.below(SENTENCE_MS);
      const [sentence, hint, ...rest] = launcher.output().trim().split("\n");
      expect([hint, rest]).to.deep.equal(["See npm start -- --help.", []]);
      expect(sentence)
        .to.contain(`${args[0]} `)
        .and.to.contain(`127.0.0.1:${port}`)
        .and.to.contain(cause)
        .and.not.to.contain("secret");
      expect(readdirSync(launcher.folder)).to.deep.equal([]);
      await close();
    });
  }

  it("names a broker or database that does not take the password", async () => {
    const broker = await startBroker(embeddedBrokerOptions(PASSWORDS));
    const { port } = await testPostgres();
    try {
      const byBroker = launch(["--broker", `amqp://gateway:secret@127.0.0.1:${broker.port}`]);
      expect(await byBroker.exitCode()).to.equal(2);
      expect(byBroker.output())
        .to.contain("does not take the user and password of the URL")
        .and.not.to.contain("secret");
      const byDatabase = launch(["--database", `postgres://postgres:secret@127.0.0.1:${port}/postgres`]);
      expect(await byDatabase.exitCode()).to.equal(2);
      expect(byDatabase.output()).to.contain("password authentication failed").and.not.to.contain("secret");
    } finally {
      await broker.close();
    }
  });

  it("says which database could not be prepared when its user may not make roles, and leaves nothing running", async () => {
    const { url } = await testPostgres();
    const nobody = new URL(url);
    nobody.username = "may_nothing";
    nobody.password = "secret";
    await asSuperuser(url, "CREATE ROLE may_nothing LOGIN PASSWORD 'secret'");
    // A database that was prepared before lets nobody in who was not named.
    await asSuperuser(url, `GRANT CONNECT ON DATABASE ${new URL(url).pathname.slice(1)} TO may_nothing`);
    try {
      const launcher = launch(["--database", nobody.href]);
      const pid = launcher.child.pid as number;
      // The database answers soon after the broker has started: every process that is seen until the end counts.
      const processes = new Map<number, ReturnType<typeof treeOf>[number]>();
      let code: number | null | undefined;
      void launcher.exitCode().then((its) => {
        code = its;
      });
      await eventually("the launcher ends", () => {
        for (const process of treeOf(pid)) processes.set(process.identity.pid, process);
        return code !== undefined;
      });
      expect(code).to.equal(1);
      expect(launcher.output())
        .to.match(/PostgreSQL at 127\.0\.0\.1:\d+ could not be prepared: permission denied/)
        .and.not.to.contain("secret");
      await untilGone(
        [...processes.values()].map(({ identity }) => identity),
        launcher.runFile,
      );
    } finally {
      await asSuperuser(url, "DROP OWNED BY may_nothing");
      await asSuperuser(url, "DROP ROLE may_nothing");
    }
  });

  it("logs each service in as a user of its own, who may do what that one must", async () => {
    const broker = await startBroker(embeddedBrokerOptions(PASSWORDS));
    const url = `amqp://127.0.0.1:${broker.port}`;
    const file = join(folder, "users.properties");
    try {
      writeFileSync(file, `# of tests\n${BROKER_USERS.map((user) => `${user}=of-tests\n`).join("")}`);
      const good = launch(["--broker", url, "--broker-users", file, "--once"]);
      expect(await good.exitCode(), good.output()).to.equal(0);
      expect(good.output()).to.contain("each service has a user of its own").and.not.to.contain("of-tests");
      writeFileSync(file, JSON.stringify({ ...PASSWORDS, notification: { user: "notification", password: "wrong" } }));
      const bad = launch(["--broker", url, "--broker-users", file, "--once"]);
      expect(await bad.exitCode()).to.equal(2);
      expect(bad.output())
        .to.contain("does not take the user and password of notification")
        .and.not.to.contain("wrong");
    } finally {
      await broker.close();
    }
  });

  for (const [when, lines] of [
    ["at once", 1],
    ["when it has read everything", 1_000],
  ] as const) {
    it(`stops when whoever reads its output goes ${when}`, async function () {
      if (lines > 1 && process.platform !== "linux") this.skip();
      const own = join(folder, `head-${lines}`);
      // A shell's pipe; the reader ends after so many lines, or when the stack is up.
      const reader = lines === 1 ? "head -n 1" : "sed '/Ctrl-C stops everything/q'";
      const shell = spawn(
        "bash",
        ["-c", `"$0" "$1" --grpc-port 0 --http-port 0 | ${reader}`, process.execPath, LAUNCHER_MAIN],
        {
          env: { ...process.env, QUITTANCE_FOLDER: own },
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
      let said = "";
      shell.stderr?.on("data", (chunk: Buffer) => {
        said += chunk.toString("utf8");
      });
      const ended = new Promise((resolve) => shell.once("close", resolve));
      const processes = await eventually("the launcher runs", () => {
        const tree = treeOf(shell.pid as number);
        return tree.some(({ command }) => command.includes("guardian-main")) && tree;
      });
      await ended;
      await untilGone(
        processes.map(({ identity }) => identity),
        join(own, "run.json"),
      );
      expect(said).to.contain("Nobody reads");
    });
  }
});

async function asSuperuser(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** The `place`-th that settles, counted from 1. */
async function nth<T>(promises: readonly Promise<T>[], place: number): Promise<T> {
  const settled: T[] = [];
  return new Promise((resolve, reject) => {
    for (const promise of promises) {
      promise.then((value) => {
        settled.push(value);
        if (settled.length === place) resolve(value);
      }, reject);
    }
  });
}
