/** A real kube-apiserver on a real etcd, on free ports of the loopback, with everything in one temporary folder. */
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { attempt, run } from "./commands.mjs";

const READY_MS = 120_000;
const POLL_MS = 100;
const STOP_MS = 10_000;

/**
 * Starts both. No kubelet and no controllers run, so nothing is scheduled or made by itself; schemas, defaults,
 * admission, rights and server-side apply are the real ones.
 */
export async function startCluster({ bin, folder }) {
  const etcd = join(bin, "etcd");
  const apiserver = join(bin, "kube-apiserver");
  const [client, peer, secure] = await freePorts(3);
  const processes = [];
  const start = (program, args) => {
    const log = createWriteStream(join(folder, `${processes.length}.log`));
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    const ended = new Promise((resolve) => child.once("close", resolve));
    processes.push({ child, ended, log: join(folder, `${processes.length}.log`), program });
  };
  const stop = async () => {
    for (const { child, ended } of processes.toReversed()) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(timer);
    }
  };
  try {
    start(etcd, etcdArguments({ folder, client, peer }));
    const token = randomBytes(24).toString("hex");
    start(apiserver, await apiserverArguments({ folder, client, secure, token }));
    const kubeconfig = await writeKubeconfig({ folder, secure, token });
    const kubectl = commandLine(join(bin, "kubectl"), { kubeconfig, folder });
    await untilReady(kubectl, processes);
    return { ...kubectl, ask: (question) => ask({ secure, token, ...question }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdArguments({ folder, client, peer }) {
  return [
    ["name", "test"],
    ["data-dir", join(folder, "etcd")],
    ["listen-client-urls", `http://127.0.0.1:${client}`],
    ["advertise-client-urls", `http://127.0.0.1:${client}`],
    ["listen-peer-urls", `http://127.0.0.1:${peer}`],
    ["initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
    ["initial-cluster", `test=http://127.0.0.1:${peer}`],
    // What it holds is thrown away: it need not survive the machine.
    ["unsafe-no-fsync", "true"],
  ].map(([name, value]) => `--${name}=${value}`);
}

async function apiserverArguments({ folder, client, secure, token }) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const files = { "sa.pub": publicKey, "sa.key": privateKey, "tokens.csv": `${token},admin,admin,system:masters\n` };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await mkdir(join(folder, "certificates"), { recursive: true });
  return [
    ["etcd-servers", `http://127.0.0.1:${client}`],
    ["bind-address", "127.0.0.1"],
    ["secure-port", secure],
    ["cert-dir", join(folder, "certificates")],
    ["service-cluster-ip-range", "10.96.0.0/16"],
    ["service-account-issuer", "https://kubernetes.default.svc"],
    ["service-account-key-file", join(folder, "sa.pub")],
    ["service-account-signing-key-file", join(folder, "sa.key")],
    ["token-auth-file", join(folder, "tokens.csv")],
    ["authorization-mode", "RBAC"],
    ["anonymous-auth", "false"],
    ["profiling", "false"],
  ].map(([name, value]) => `--${name}=${value}`);
}

async function writeKubeconfig({ folder, secure, token }) {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server: `https://127.0.0.1:${secure}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  };
  const path = join(folder, "kubeconfig");
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** kubectl, as the cluster's administrator. */
function commandLine(program, { kubeconfig, folder }) {
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder, KUBECACHEDIR: join(folder, "cache") };
  return {
    kubectl: (args, options) => run(program, args, { ...options, env }),
    attemptKubectl: (args, options) => attempt(program, args, { ...options, env }),
    kubectlJson: async (args, options) =>
      JSON.parse(await run(program, [...args, "--output=json"], { ...options, env })),
  };
}

async function untilReady({ attemptKubectl }, processes) {
  for (const bound = Date.now() + READY_MS; Date.now() < bound; ) {
    const { stdout } = await attemptKubectl(["get", "--raw=/readyz", "--request-timeout=5s"]);
    if (stdout.trim() === "ok") return;
    const dead = processes.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (dead !== undefined) throw new Error(`${dead.program} has ended: ${await tailOf(dead.log)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`kube-apiserver was not ready within ${READY_MS} ms: ${await tailOf(processes.at(-1).log)}`);
}

async function tailOf(file) {
  return (await readFile(file, "utf8").catch(() => "")).slice(-2_000);
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * One request of the API, as the administrator or as whom it shall be taken for.
 * @returns its status, its body and what it warns of
 */
function ask({ secure, token, method = "GET", path, body, user, groups = [] }) {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    ...(user !== undefined && { "impersonate-user": user, "impersonate-group": groups }),
  };
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: secure, method, path, headers, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode,
          body: JSON.parse(Buffer.concat(chunks).toString()),
          warnings: [response.headers.warning ?? []].flat(),
        }),
      );
    });
    sent.once("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
