/**
 * deploy/compose/compose.yaml: read and checked by the Compose specification's own program, compared with the map of the
 * system, and run with podman, which knows nothing of Compose, one container after the other as the file says.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { run } from "../../container/test/commands.mjs";
import { openPodman } from "../../container/test/podman.mjs";

const COMPOSE_GO = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2";
const READY_MS = 180_000;
const POLL_MS = 200;
/** Who runs once and is no part of the map, and whom it connects to. */
const BESIDE_THE_MAP = ["migrate-to-database", "operator-to-broker", "operator-to-database"];

/** Everything about the file. `check(sentence, isSo, otherwise)` counts. */
export async function tryCompose({ root, images, prefix, load, check, onProgress }) {
  const model = await readModel(root);
  check("compose.yaml keeps to the Compose specification", model.services !== undefined);
  await compare(model, load, check);
  const podman = await openPodman(`${prefix}-compose`);
  const system = openSystem({ podman, images, model });
  try {
    await tryToRun(system, check, onProgress);
  } finally {
    await podman.close();
    await system.removeVolumes();
  }
}

/** The file as the specification's program reads it: with a schema that nobody here wrote, every merge done. */
async function readModel(root) {
  const folder = join(root, "deploy/compose");
  const args = ["-format", "json", "compose.yaml"];
  const isInstalled = await run("which", ["compose-spec"]).then(
    () => true,
    () => false,
  );
  const text = isInstalled
    ? await run("compose-spec", args, { cwd: folder })
    : await run("go", ["run", COMPOSE_GO, ...args], { cwd: folder });
  return JSON.parse(text);
}

/** Whether what the file says is what the system's table says. */
async function compare({ services, networks }, load, check) {
  const { ARROWS, PARTS } = await load("topology/arrows.js");
  const { COMMON_CONFIGURATION, SERVICES, SYSTEM } = await load("topology/system-table.js");
  const { artemisJavaArguments } = await load("operator/artemis-instance.js");
  const differ = (one, other) => JSON.stringify([...one].sort()) !== JSON.stringify([...other].sort());

  const arrows = ARROWS.map(({ from, to }) => `${from}-to-${to}`);
  check(
    `its ${Object.keys(networks).length} networks are the map's ${arrows.length} arrows and those of who runs once`,
    !differ(Object.keys(networks), [...arrows, ...BESIDE_THE_MAP]),
    Object.keys(networks).join(", "),
  );
  const open = Object.entries(networks).filter(([name, { internal }]) => !internal !== name.includes("outside"));
  check("only networks to and from outside lead anywhere", open.length === 0, open.map(([name]) => name).join(", "));
  for (const part of PARTS) {
    const own = [...arrows, ...BESIDE_THE_MAP].filter((arrow) => arrow.split("-to-").includes(part));
    const joined = Object.keys(services[part].networks ?? {});
    check(`${part} is on the networks of its arrows alone`, !differ(joined, own), joined.join(", "));
  }
  for (const [name, service] of Object.entries(services)) {
    const least =
      service.read_only === true &&
      service.cap_drop?.includes("ALL") &&
      service.cap_add === undefined &&
      service.privileged === undefined &&
      service.security_opt?.includes("no-new-privileges:true") &&
      service.mem_limit !== undefined &&
      service.pids_limit !== undefined;
    check(`${name} has a read-only root, no capabilities, no new privileges and limits`, least);
    const ports = (service.ports ?? []).filter(({ host_ip: host }) => host !== "127.0.0.1");
    check(`${name} is published to this machine at the most`, ports.length === 0);
    const secret = Object.entries(service.environment ?? {}).filter(
      ([variable]) => /(KEYS?|SECRETS?|PASSWORD|_URL)$/.test(variable) && variable !== "AUTH_JWKS",
    );
    check(`${name} finds its secrets in files`, secret.length === 0, secret.map(([variable]) => variable).join(", "));
  }
  for (const service of SERVICES) {
    const { environment, command, volumes } = services[service];
    const known = [...COMMON_CONFIGURATION, ...SYSTEM[service].configuration, "ALLOW_PLAINTEXT", "NODE_OPTIONS"];
    const unknown = Object.keys(environment).filter(
      (name) => !known.includes(name) && !SYSTEM[service].secrets.includes(name.replace(/_FILE$/, "")),
    );
    check(`${service} is told nothing that it does not read`, unknown.length === 0, unknown.join(", "));
    check(`${service} runs its own program`, command.join(" ") === SYSTEM[service].program);
    const mounted = volumes.map(({ source }) => source);
    check(`${service} mounts its own secrets and nothing else`, mounted.join(" ") === `secrets-${service}`);
  }
  const { entrypoint } = await artemisEntrypoint();
  const [, , ...expected] = artemisJavaArguments({ home: "/opt/artemis", directory: "/instance", heapMegabytes: 1 });
  const missing = expected.filter((argument) => !entrypoint.includes(argument));
  check("Containerfile.artemis starts Artemis as npm start does", missing.length === 0, missing.join(" "));
}

async function artemisEntrypoint() {
  const text = (
    await run("cat", [new URL("../../container/Containerfile.artemis", import.meta.url).pathname])
  ).replaceAll("\\\n", "");
  return { entrypoint: JSON.parse(text.match(/^ENTRYPOINT (.*)$/m)[1]) };
}

/** Starts what the file has, in the order of `depends_on`, opens an account as the page says, and pays. */
async function tryToRun(system, check, onProgress) {
  onProgress("running compose.yaml");
  for (const name of system.order()) await system.up(name);
  check("every service of compose.yaml runs and is healthy", true);
  const again = await system.once("secrets");
  check("its secrets are made once", again.includes("there already"), again);

  const because = ["--reason", "the first of this installation"];
  await system.operator([
    "accounts",
    "open",
    "--merchant",
    "m-0001",
    "--name",
    "Shop",
    "--currency",
    "EUR",
    ...because,
  ]);
  const client = ["--client", "c-0001", "--name", "Ada Example", "--currency", "EUR", "--expiry", "12/2030"];
  await system.operator(["accounts", "open", ...client, ...because], "4242424242424242\n");
  const money = ["--client", "c-0001", "--currency", "EUR", "--amount", "10000", "--id", "first-money"];
  await system.operator(["accounts", "top-up", ...money, ...because]);
  const token = await system.operator(["token", "--merchant", "m-0001"]);
  const url = await system.urlOf("gateway", "outside-to-gateway", 8080);
  const answer = await fetch(`${url}/v1/payments`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      requestId: "first-payment",
      card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      wait: "30s",
    }),
  });
  const text = await answer.text();
  check("a payment through the services of compose.yaml succeeds", text.includes("PAYMENT_STATE_SUCCEEDED"), text);
  const books = await system.operator(["verify-money"]).catch((error) => error.message);
  check("verify-money finds the books in agreement", !/failed/.test(books), books);
}

/** Runs services of the model with podman. */
function openSystem({ podman, images, model }) {
  const volumes = new Set();
  const volumeOf = (name) => podman.nameOf(name);

  function argumentsOf(service) {
    const mounts = (service.volumes ?? []).map(({ source, target, read_only: readOnly }) => {
      volumes.add(source);
      return ["--volume", `${volumeOf(source)}:${target}${readOnly ? ":ro" : ""}`];
    });
    return [
      ...(service.read_only ? ["--read-only", "--read-only-tmpfs=false"] : []),
      ...(service.cap_drop ?? []).map((name) => `--cap-drop=${name.toLowerCase()}`),
      ...(service.security_opt ?? []).flatMap((option) => ["--security-opt", option.replace(/:true$/, "")]),
      ...["--memory", String(service.mem_limit), "--pids-limit", String(service.pids_limit)],
      ...(service.shm_size ? ["--shm-size", String(service.shm_size)] : []),
      ...(service.user ? ["--user", service.user] : []),
      ...(service.network_mode === "none" ? ["--network", "none"] : []),
      ...(service.tmpfs ?? []).flatMap((mount) => ["--tmpfs", mount.replace(":", ":rw,")]),
      ...Object.entries(service.environment ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      ...(service.entrypoint ? ["--entrypoint", JSON.stringify(service.entrypoint)] : []),
      ...mounts.flat(),
    ];
  }

  const imageOf = (name) => ({ database: images.postgres, broker: images.artemis })[name] ?? images.quittance;
  const settingsOf = (name) => {
    const service = model.services[name];
    const aliases = Object.entries(service.networks ?? {}).flatMap(([network, options]) =>
      options?.aliases ? [[network, options.aliases[0]]] : [],
    );
    return {
      image: imageOf(name),
      networks: Object.keys(service.networks ?? {}),
      aliases: Object.fromEntries(aliases),
      args: argumentsOf(service),
      command: service.command ?? [],
    };
  };
  const made = new Set();
  async function makeNetworks(names) {
    for (const name of names) {
      if (made.has(name)) continue;
      made.add(name);
      await podman.network(name, { internal: model.networks[name].internal === true });
    }
  }

  const system = {
    /** Those that `up` starts, each after what it depends on. */
    order() {
      const sorted = [];
      const visit = (name) => {
        if (sorted.includes(name)) return;
        for (const needed of Object.keys(model.services[name].depends_on ?? {})) visit(needed);
        sorted.push(name);
      };
      for (const [name, { profiles }] of Object.entries(model.services)) if (profiles === undefined) visit(name);
      return sorted;
    },

    async up(name) {
      const { healthcheck } = model.services[name];
      if (healthcheck === undefined) return system.once(name);
      const settings = settingsOf(name);
      await makeNetworks(settings.networks);
      await podman.start(name, settings);
      const [, ...test] = healthcheck.test;
      for (const bound = Date.now() + READY_MS; ; ) {
        const healthy = await podman.podman("exec", podman.nameOf(name), ...test).then(
          () => true,
          () => false,
        );
        if (healthy) return;
        const { running } = await podman.inspect(name);
        if (!running || Date.now() > bound) {
          throw new Error(`${name} did not become healthy:\n${(await podman.logs(name)).slice(-2_000)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },

    /** Runs a service to its end. */
    async once(name) {
      const settings = settingsOf(name);
      await makeNetworks(settings.networks);
      return podman.runOnce(name, settings);
    },

    /** `docker compose run --rm operator ...` */
    async operator(command, input = "") {
      const { image, networks, args } = settingsOf("operator");
      await makeNetworks(networks);
      const joined = networks.flatMap((network) => ["--network", podman.nameOf(network)]);
      const child = spawn(
        "podman",
        ["run", "--rm", "--interactive", "--name", podman.nameOf("operator"), ...joined, ...args, image, ...command],
        { env: podman.env, stdio: ["pipe", "pipe", "pipe"] },
      );
      const said = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"]) {
        child[stream].on("data", (chunk) => {
          said[stream] += chunk;
        });
      }
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
      const code = await new Promise((resolve) => child.once("close", resolve));
      if (code !== 0)
        throw new Error(`operator ${command.join(" ")} failed with ${code}: ${said.stdout}${said.stderr}`);
      return said.stdout.trim();
    },

    async urlOf(name, network, port) {
      const { addresses } = await podman.inspect(name);
      return `http://${addresses[network]}:${port}`;
    },

    async removeVolumes() {
      for (const name of volumes)
        await run("podman", ["volume", "rm", "--force", volumeOf(name)]).catch(() => undefined);
    },
  };
  return system;
}
