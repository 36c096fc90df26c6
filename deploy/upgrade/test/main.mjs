/**
 * `npm run test:upgrade`: the last release and this one side by side, while merchants pay. Migrates under the old
 * services, replaces each service, the last in the cycle first, goes back the same way, and looks at the books. Ends with
 * `N passed, N failed`. docs/operating/upgrade.md tells an operator the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { run } from "../../container/test/commands.mjs";
import { startMerchants } from "./merchants.mjs";
import { buildRelease, openRelease, previousRelease } from "./previous-release.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** So many payments end while old and new run side by side, and so many when the old one has gone. */
const PAYMENTS_EACH = 15;
const BOUND_MS = 60_000;
const POLL_MS = 50;
/** Readers before writers: whoever writes something new finds readers that know it. */
const ORDER = ["notification", "merchant-bank", "client-bank", "card-validation", "gateway"];
const CLAIMS = { issuer: "quittance-upgrade", audience: "quittance" };

if (process.argv.includes("--help")) {
  console.log(`npm run test:upgrade [-- --broker artemis]

Runs the last release beside this one, on a PostgreSQL of its own and on the broker: embedded [default], or artemis, which
needs Java 17 and Maven. The last release is the last tag v*, or a commit that the test names.`);
  process.exit(0);
}

let passed = 0;
let failed = 0;
const told = [];
function check(sentence, isSo, otherwise = "") {
  if (isSo) passed += 1;
  else failed += 1;
  const line = `${isSo ? "ok  " : "FAIL"} ${sentence}${isSo || otherwise === "" ? "" : `: ${otherwise}`}`;
  if (!isSo) told.push(line);
  console.log(line);
}

const closing = [];
try {
  await tryUpgrade();
} catch (error) {
  check("the test ran to its end", false, error.stack ?? String(error));
} finally {
  for (const close of closing.reverse())
    await close().catch((error) => check("everything stopped", false, String(error)));
}
if (told.length > 0) console.log(`\nfailed: ${told.join("\n")}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryUpgrade() {
  const folder = await mkdtemp(join(tmpdir(), "quittance-upgrade-"));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const { commit, name } = previousRelease(ROOT);
  const old = join(folder, "release");
  await buildRelease({ root: ROOT, folder: old, commit, node: process.execPath });
  console.log(`     the last release is ${name}`);

  const system = await startServers(folder);
  const { keys, stack } = system;
  const releases = {
    old: await openRelease({ folder: old, keys, stack }),
    new: await openRelease({ folder: ROOT, keys, stack }),
  };
  await migrate(releases.old, system, true);
  const { loadDemoBank } = await releases.old.load("operator/load-demo-bank.js");
  await loadDemoBank({ url: system.adminUrl, keys: releases.old.keys });

  const services = new Map();
  closing.push(() => Promise.all([...services.values()].flat().map((service) => service.stop())));
  const start = async (release, service) => {
    const started = await system.start(releases[release], service);
    services.set(service, [...(services.get(service) ?? []), started]);
  };
  for (const service of ORDER) await start("old", service);

  const merchants = startMerchants({
    urls: () => services.get("gateway").map(({ ready }) => `http://127.0.0.1:${ready.ports.http}`),
    token: await system.tokenOf("m-0001"),
  });
  const { story } = merchants;
  const pay = (sentence, count = PAYMENTS_EACH) => payMore(story, sentence, count);

  try {
    await pay(`all services are of ${name}`);
    await migrate(releases.new, system, false);
    await pay("the old services work on the new release's tables");
    await replaceAll(ORDER, "new", "this release");
    await replaceAll(ORDER.toReversed(), "old", `${name} again, on the new release's tables`);
  } finally {
    await merchants.stop();
  }
  await judge(story, system);

  /** Each service: another beside it, and then without it. */
  async function replaceAll(order, release, called) {
    for (const service of order) {
      await start(release, service);
      const [before, after] = services.get(service);
      await pay(`${service} is of both releases`);
      // A gateway is no longer called before it stops, as whoever distributes calls sees to.
      services.set(service, [after]);
      const { code, signal } = await before.stop();
      check(`${service} stopped cleanly`, code === 0, `exit code ${code} ${signal ?? ""}`);
      await pay(`${service} is of ${called}`);
    }
  }
}

/** Waits until more payments have ended. */
async function payMore(story, sentence, count) {
  const goal = story.payments + count;
  const problems = story.problems.length;
  const began = performance.now();
  while (story.payments < goal && performance.now() - began < BOUND_MS) await pause(POLL_MS);
  const ms = Math.round(performance.now() - began);
  const news = story.problems.slice(problems);
  check(
    `${count} payments end within ${ms} ms while ${sentence}`,
    story.payments >= goal && news.length === 0,
    news.join("; "),
  );
}

/** What must be so at the end of it all. */
async function judge(story, system) {
  console.log(
    `     ${story.payments} payments and ${story.refunds} refunds; ${story.calledAgain} calls were made again; the slowest took ${Math.round(story.slowestMs)} ms`,
  );
  check("every payment and every refund succeeded once", story.problems.length === 0, story.problems.join("; "));
  check("refunds were among them", story.refunds > 0);
  const { BOOKS_STATEMENT } = await system.load("operator/books-statement.js");
  const client = new pg.Client({ connectionString: system.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query(BOOKS_STATEMENT);
    const wrong = rows.filter((row) => Number(row.wrong) !== 0);
    check(`the books agree in ${rows.length} lines`, rows.length > 0 && wrong.length === 0, JSON.stringify(wrong));
    const { rows: counts } = await client.query(
      "SELECT count(*)::int AS all, count(*) FILTER (WHERE state = 'PENDING')::int AS pending FROM client_bank.payments",
    );
    check(
      "the bank has exactly the payments that were made, all of them final",
      counts[0].all === story.payments && counts[0].pending === 0,
      JSON.stringify(counts[0]),
    );
  } finally {
    await client.end();
  }
  const setAside = system
    .output()
    .split("\n")
    .filter((line) => line.includes('"msg":"set aside"'));
  check("no message was set aside by either release", setAside.length === 0, setAside.slice(0, 3).join("\n"));
  const errors = system
    .output()
    .split("\n")
    .filter((line) => /"level":"(error|fatal)"/.test(line));
  check("no service wrote an error", errors.length === 0, errors.slice(0, 3).join("\n"));
}

/** Brings the database up to a release; the first time with passwords for the roles. */
async function migrate(release, { adminUrl, passwords, environment }, first) {
  const script = release.scriptOf("operator").replace(/main\.js$/, "migrate-main.js");
  const variables = first ? passwords : {};
  await run(process.execPath, [script], { env: { ...environment, DATABASE_ADMIN_URL: adminUrl, ...variables } });
}

/** PostgreSQL, a broker with this release's configuration, and what starts a service of either release. */
async function startServers(folder) {
  const { load } = await openRelease({ folder: ROOT, stack: {} });
  const { startGuardian } = await load("stack/guardian.js");
  const { startNodeProcess } = await load("stack/node-process.js");
  const { startPostgres } = await load("stack/postgres.js");
  const { createKeys, randomPassword, brokerPasswords } = await load("stack/secrets.js");
  const { createDevelopmentKeys, mintToken } = await load("operator/development-token.js");
  const { DATABASE_SERVICES, databaseOf } = await load("topology/system-table.js");
  const guardian = startGuardian();
  closing.push(() => guardian.close());
  const postgres = await startPostgres({ guardian });
  closing.push(() => postgres.stop());
  const logins = brokerPasswords();
  const broker = await startBrokerOf(load, folder, logins);
  closing.push(() => broker.stop());

  const passwords = Object.fromEntries(DATABASE_SERVICES.map((service) => [service, randomPassword()]));
  const merchantKeys = await createDevelopmentKeys();
  const output = [];
  return {
    load,
    adminUrl: postgres.url,
    environment: { PATH: process.env.PATH },
    keys: createKeys(),
    passwords: Object.fromEntries(
      DATABASE_SERVICES.map((service) => [
        `${databaseOf(service).role.toUpperCase()}_DATABASE_PASSWORD`,
        passwords[service],
      ]),
    ),
    stack: {
      brokerUrlOf: (service) => `amqp://${service}:${logins[service]}@127.0.0.1:${broker.port}`,
      databaseUrlOf: (service) => {
        const url = new URL(postgres.url);
        url.username = databaseOf(service).role;
        url.password = passwords[service];
        return url.href;
      },
      authentication: { AUTH_JWKS: merchantKeys.jwks, AUTH_ISSUER: CLAIMS.issuer, AUTH_AUDIENCE: CLAIMS.audience },
      grpcPort: 0,
      httpPort: 0,
    },
    tokenOf: (merchantId) => mintToken(merchantKeys, { ...CLAIMS, merchantId }),
    output: () => output.join(""),
    start: (release, service) =>
      startNodeProcess({
        name: service,
        script: release.scriptOf(service),
        environment: release.environmentOf(service),
        guardian,
        order: 1,
        onOutput: (chunk) => output.push(chunk.toString("utf8")),
      }),
  };
}

async function startBrokerOf(load, folder, passwords) {
  const at = process.argv.indexOf("--broker");
  if (at !== -1 && process.argv[at + 1] === "artemis") {
    const { startArtemis } = await load("stack/artemis.js");
    return startArtemis({ directory: join(folder, "artemis"), passwords, port: 0 });
  }
  const { startBroker } = await import("@quittance/sdk/testing");
  const { embeddedBrokerOptions } = await load("stack/embedded-broker-options.js");
  const broker = await startBroker({ ...embeddedBrokerOptions(passwords), port: 0 });
  return { port: broker.port, stop: () => broker.close() };
}
