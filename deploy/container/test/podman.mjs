/** podman as this test uses it: settings of its own, and everything that was made is removed at the end, by name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./commands.mjs";

/** Works as root on a machine without systemd: see containers.conf(5). */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`;

/** Opens podman under a prefix that every container, network and image of this run bears. */
export async function openPodman(prefix) {
  const folder = await mkdtemp(join(tmpdir(), "quittance-podman-"));
  const conf = join(folder, "containers.conf");
  await writeFile(conf, CONTAINERS_CONF);
  const env = { ...process.env, CONTAINERS_CONF: conf };
  const containers = [];
  const networks = [];
  const podman = (...args) => run("podman", args, { env });

  return {
    env,
    folder,
    podman,
    nameOf: (name) => `${prefix}-${name}`,

    /** A bridge that reaches nothing outside, and that no other bridge reaches. */
    async network(name, { internal = true } = {}) {
      networks.push(name);
      const options = internal ? ["--internal"] : ["--opt", "isolate=true"];
      await podman("network", "create", ...options, `${prefix}-${name}`);
    },

    /** Starts a container on networks; its name on each is `name`, or what `aliases` says. */
    async start(name, { image, networks: joined, aliases = {}, args = [], command = [] }) {
      containers.push(name);
      const on = joined.map((network) => {
        const alias = aliases[network] ?? name;
        return ["--network", `${prefix}-${network}:alias=${alias}`];
      });
      await podman("run", "--detach", "--name", `${prefix}-${name}`, ...on.flat(), ...args, image, ...command);
    },

    /** Runs a container to its end and resolves to what it wrote. */
    runOnce: (name, { image, networks: joined, args = [], command = [] }) =>
      podman(
        ...["run", "--rm", "--name", `${prefix}-${name}`],
        ...joined.flatMap((network) => ["--network", `${prefix}-${network}`]),
        ...args,
        image,
        ...command,
      ),

    async inspect(name) {
      const [found] = JSON.parse(await podman("inspect", `${prefix}-${name}`));
      const addresses = Object.fromEntries(
        Object.entries(found.NetworkSettings.Networks).map(([network, { IPAddress }]) => [
          network.slice(prefix.length + 1),
          IPAddress,
        ]),
      );
      return {
        pid: found.State.Pid,
        running: found.State.Running,
        startedAt: Date.parse(found.State.StartedAt),
        addresses,
      };
    },

    logs: (name) => run("podman", ["logs", `${prefix}-${name}`], { env }).catch((error) => error.message),

    async close() {
      for (const name of containers.reverse()) {
        await podman("rm", "--force", "--time", "2", `${prefix}-${name}`).catch(() => undefined);
      }
      for (const name of networks) await podman("network", "rm", "--force", `${prefix}-${name}`).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
