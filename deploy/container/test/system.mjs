/** The whole system in containers: a network for each arrow, and no rights that a part does not need. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./commands.mjs";

/** How long a part may take from its start until it is ready, on a machine that does other things as well. */
const READY_MS = 180_000;
const POLL_MS = 25;
const LEAST_RIGHTS = ["--read-only", "--cap-drop=all", "--security-opt", "no-new-privileges"];
const SERVICE_MEMORY = "256m";
/** Where the gateway listens: its name on the network of its callers, and on no other. */
const DOOR = "gateway-door";

/** The network that an arrow has for itself. */
export function networkOf({ from, to }) {
  return `${from}-to-${to}`;
}

/** Starts everything, in the order in which it is needed. */
export async function startSystem({ podman, images, root, arrows, onProgress }) {
  const load = (module) => import(pathToFileURL(join(root, "packages/services/dist", module)));
  const { createKeys, randomPassword, brokerPasswords } = await load("stack/secrets.js");
  const { environmentOf } = await load("stack/service-table.js");
  const { writeArtemisInstance, artemisJavaArguments } = await load("operator/artemis-instance.js");
  const { createDevelopmentKeys, mintToken } = await load("operator/development-token.js");
  const { loadDemoBank } = await load("operator/load-demo-bank.js");
  const { databaseOf, DATABASE_SERVICES, PORTS, SERVICES } = await load("topology/system-table.js");
  const { passwordVariableOf } = await load("topology/tool-table.js");

  for (const arrow of arrows) await podman.network(networkOf(arrow));
  const networksOf = (part) => arrows.filter(({ from, to }) => from === part || to === part).map(networkOf);

  onProgress("starting broker and database");
  /** A folder for data that the users of the images may write to. */
  const writable = async (name) => {
    const folder = join(podman.folder, name);
    await mkdir(folder);
    await chmod(folder, 0o777);
    return folder;
  };
  const passwords = brokerPasswords();
  const instance = join(podman.folder, "artemis");
  await mkdir(instance, { recursive: true });
  await writeArtemisInstance({
    directory: instance,
    passwords,
    acceptor: `tcp://0.0.0.0:${PORTS.amqp}?protocols=AMQP`,
    mountedAt: "/instance",
    mode: 0o644,
  });
  await chmod(podman.folder, 0o755);
  await podman.start("broker", {
    image: images.artemis,
    networks: networksOf("broker"),
    args: [
      ...LEAST_RIGHTS,
      ...["--user", "65532:65532", "--memory", "768m", "--workdir", "/instance", "--tmpfs", "/tmp:rw,mode=1777"],
      ...["--volume", `${await writable("broker-data")}:/instance`, "--volume", `${instance}/etc:/instance/etc:ro`],
      ...["--entrypoint", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"],
    ],
    command: artemisJavaArguments({ home: "/opt/artemis", directory: "/instance", heapMegabytes: 256 }),
  });
  const adminPassword = randomPassword();
  const passwordFile = join(podman.folder, "password");
  await writeFile(passwordFile, `${adminPassword}\n`, { mode: 0o644 });
  await podman.start("database", {
    image: images.postgres,
    networks: networksOf("database"),
    args: [
      ...LEAST_RIGHTS,
      ...[
        "--memory",
        "512m",
        "--shm-size",
        "256m",
        "--volume",
        `${await writable("database-data")}:/var/lib/postgresql`,
        "--env",
        "POSTGRES_PASSWORD_FILE=/run/secrets/password",
        "--tmpfs",
        "/tmp:rw,mode=1777",
      ],
      ...["--volume", `${passwordFile}:/run/secrets/password:ro`],
    ],
  });
  const broker = await podman.inspect("broker");
  const database = await podman.inspect("database");
  await untilOpen(podman, "broker", broker.addresses, PORTS.amqp);
  await untilOpen(podman, "database", database.addresses, PORTS.postgresql);

  onProgress("migrating, by a container of the image");
  const rolePasswords = Object.fromEntries(DATABASE_SERVICES.map((service) => [service, randomPassword()]));
  await podman.runOnce("migrate", {
    image: images.quittance,
    networks: [networkOf({ from: DATABASE_SERVICES[0], to: "database" })],
    args: [
      ...LEAST_RIGHTS,
      ...environment({
        DATABASE_ADMIN_URL: `postgres://postgres:${adminPassword}@database:${PORTS.postgresql}/postgres`,
        ...Object.fromEntries(
          DATABASE_SERVICES.map((service) => [passwordVariableOf(databaseOf(service).role), rolePasswords[service]]),
        ),
        ALLOW_PLAINTEXT: "database",
      }),
    ],
    command: ["migrate"],
  });
  const keys = createKeys();
  // The host reaches every bridge; the containers do not.
  const adminUrl = `postgres://postgres:${adminPassword}@${Object.values(database.addresses)[0]}:${PORTS.postgresql}/postgres`;
  await loadDemoBank({ url: adminUrl, keys });

  onProgress("starting the five services");
  const merchantKeys = await createDevelopmentKeys();
  const claims = { issuer: "quittance-test", audience: "quittance" };
  const stack = {
    brokerUrlOf: (service) => `amqp://${service}:${passwords[service]}@broker:${PORTS.amqp}`,
    databaseUrlOf: (service) =>
      `postgres://${databaseOf(service).role}:${rolePasswords[service]}@database:${PORTS.postgresql}/postgres`,
    keys,
    authentication: { AUTH_JWKS: merchantKeys.jwks, AUTH_ISSUER: claims.issuer, AUTH_AUDIENCE: claims.audience },
    grpcPort: PORTS.grpc,
    httpPort: PORTS.http,
  };
  const ready = {};
  for (const service of SERVICES) {
    const { PATH: _own, ...variables } = environmentOf(service, stack);
    const isGateway = service === "gateway";
    await podman.start(service, {
      image: images.quittance,
      networks: networksOf(service),
      aliases: isGateway ? { "outside-to-gateway": DOOR } : {},
      args: [
        ...LEAST_RIGHTS,
        ...["--memory", SERVICE_MEMORY],
        ...environment({
          ...variables,
          HEALTH_PORT: String(PORTS.health),
          ALLOW_PLAINTEXT: "broker,database,grpc,http,health",
          // Everybody but the gateway talks to nobody but who they called: what they listen on stays inside.
          LISTEN_HOST: isGateway ? DOOR : "127.0.0.1",
        }),
      ],
      command: [service],
    });
    const { addresses } = await podman.inspect(service);
    const host = isGateway ? addresses["outside-to-gateway"] : "127.0.0.1";
    ready[service] = await untilReady(podman, service, `http://${host}:${PORTS.health}/readyz`);
  }
  const gateway = await podman.inspect("gateway");
  return {
    ready,
    bareProcessorMs: await bareProcessorMs(podman, images.quittance),
    adminUrl,
    url: `http://${gateway.addresses["outside-to-gateway"]}:${PORTS.http}`,
    token: await mintToken(merchantKeys, { ...claims, merchantId: "m-0001" }),
  };
}

function environment(variables) {
  return Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
}

/** Waits for a port of a container, as the host sees it. */
async function untilOpen(podman, name, addresses, port) {
  const [host] = Object.values(addresses);
  await until(podman, name, async () => {
    const [outcome] = JSON.parse(
      await run(process.execPath, [new URL("probe.mjs", import.meta.url).pathname, JSON.stringify([{ host, port }])]),
    );
    return outcome === "open";
  });
}

/**
 * Asks inside the container's network whether it is ready.
 * @returns what it took from its start: milliseconds, and milliseconds of processor.
 */
async function untilReady(podman, name, url) {
  const { pid, startedAt } = await podman.inspect(name);
  const ask = `for (;;) { const ok = await fetch(${JSON.stringify(url)}).then((r) => r.ok, () => false);
    if (ok) break; await new Promise((resolve) => setTimeout(resolve, ${POLL_MS})); } console.log(Date.now());`;
  const args = ["--target", String(pid), "--net", process.execPath, "--input-type=module", "--eval", ask];
  try {
    const ms = Number(await run("nsenter", args, { timeout: READY_MS })) - startedAt;
    return { ms, processorMs: await processorMsOf(pid) };
  } catch {
    throw new Error(`${name} was not ready within ${READY_MS} ms:\n${(await podman.logs(name)).slice(-2_000)}`);
  }
}

/** What a process has used of a processor so far: proc_pid_stat(5), in hundredths of a second. */
async function processorMsOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The program's name is in brackets, and may hold spaces.
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(user) + Number(system));
}

/** Milliseconds of processor that Node itself takes to start and do nothing in a container of the image: of three, the least. */
async function bareProcessorMs(podman, image) {
  const tries = [];
  for (const which of [1, 2, 3]) {
    const usage = await podman.runOnce(`bare-${which}`, {
      image,
      networks: [],
      args: [...LEAST_RIGHTS, "--network", "none", "--entrypoint", "/usr/local/bin/node"],
      command: ["--eval", "console.log(JSON.stringify(process.cpuUsage()))"],
    });
    const { user, system } = JSON.parse(usage);
    tries.push((user + system) / 1_000);
  }
  return Math.min(...tries);
}

async function until(podman, name, isSo) {
  for (const bound = Date.now() + READY_MS; Date.now() < bound; ) {
    if (await isSo()) return;
    const { running } = await podman.inspect(name);
    if (!running) break;
    await new Promise((resolve) => setTimeout(resolve, 4 * POLL_MS));
  }
  throw new Error(`${name} did not start within ${READY_MS} ms:\n${(await podman.logs(name)).slice(-2_000)}`);
}
