/** `npm run dev`: runs the stack, and starts again the services whose code has changed. */
import { spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";
import { checkTranspiled, noteTranspiled } from "./build.mjs";
import { ROOT } from "./paths.mjs";
import { openSourceGraph } from "./source-graph.mjs";
import { watchSources } from "./source-watch.mjs";

const HELP = `Runs Quittance as npm start does, and starts again what you change.

  npm run dev -- [the options of npm start]

A saved file of packages/services/src or packages/sdk/src is transpiled, and the services that read it are started
again on the ports that they had; the others go on. A change in the SDK, or in what services share, starts all that use
it. A change in what only npm start itself runs starts everything again.

  Syntax and imports  are read before anything is stopped: with a mistake the old code goes on running, and it is said.
  Types               are checked after the restart: a mistake is said, and the new code runs.
  Migrations          are applied when the database starts: stop npm run dev, and run it again.
  proto/              needs npm run generate, whose output starts the services again.

Ctrl-C stops everything. See npm start -- --help for the options.
`;

const LAUNCHER = join(ROOT, "packages/services/dist/stack/main.js");
const OUTPUTS = { "packages/sdk/src": "packages/sdk/dist", "packages/services/src": "packages/services/dist" };
/** What npm start runs beside the services. */
const STACK = {
  "npm start": "stack/main.ts",
  broker: "stack/embedded-broker-main.ts",
  guardian: "stack/guardian-main.ts",
};

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) process.stdout.write(HELP);
else await develop();

async function develop() {
  const { SERVICES, SYSTEM } = await import(join(ROOT, "packages/services/dist/topology/system-table.js"));
  const restartable = {
    ...Object.fromEntries(SERVICES.map((name) => [name, `${SYSTEM[name].program}/main.ts`])),
    console: "operator/console/run-console.ts",
  };
  const graph = await openSourceGraph({ ...restartable, ...STACK });
  let launcher = startLauncher(args);
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      stopping = true;
      launcher.kill(signal);
    });
  }
  if (process.channel !== undefined) {
    // Whoever started us is gone.
    process.once("disconnect", () => process.emit("SIGTERM"));
    process.channel.unref();
  }

  async function onChange(paths) {
    const savedAt = performance.now();
    const sources = paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
    for (const path of paths) {
      if (path.includes("/migrations/"))
        say(`${path} changed: migrations are applied when the database starts; run npm run dev again.`);
    }
    if (sources.length === 0) return;
    // What was deleted is known by the graph of before, what is new by the graph of now.
    const before = affected(sources, graph.usersOf);
    const problem = await graph.look();
    if (stopping) return;
    if (problem !== undefined) {
      say(`${listed(sources)} changed, and does not compile: the code of before goes on running.\n${problem}`);
      return;
    }
    await transpile(sources);
    const users = new Set([...before, ...affected(sources, graph.usersOf)]);
    const concerned = Object.keys(restartable).filter((name) => users.has(name));
    if (concerned.length > 0) {
      say(`${listed(sources)} changed: ${concerned.join(", ")} start${concerned.length === 1 ? "s" : ""} again.`);
      await launcher.restart(concerned);
      say(`Done ${seconds(savedAt)} after the change.`);
    } else if (users.size > 0) {
      say(`${listed(sources)} changed, which is npm start's own: everything starts again.`);
      await startOver();
    }
    if (stopping) return;
    const { ok, output } = await checkTranspiled(process.execPath);
    say(ok ? "The types are right." : `The types are not right; the new code runs all the same.\n${output}`);
  }

  async function startOver() {
    launcher.kill("SIGTERM");
    const old = launcher;
    await old.exited;
    if (!stopping) launcher = startLauncher(args);
  }

  await graph.look();
  const endWatch = await watchSources(Object.keys(OUTPUTS), (paths) =>
    onChange(paths).catch((error) => {
      if (!stopping) say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }),
  );
  say(`Watching ${Object.keys(OUTPUTS).join(" and ")}.`);
  for (let running; running !== launcher; ) {
    running = launcher;
    process.exitCode = await running.exited;
  }
  stopping = true;
  await endWatch();
  await graph.close();
}

function affected(paths, usersOf) {
  return paths.flatMap((path) => usersOf(path));
}

/** `npm start`, which obeys packages/services/src/stack/restart-orders.ts. */
function startLauncher(options) {
  const child = spawn(process.execPath, ["--enable-source-maps", LAUNCHER, ...options], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  const waiting = new Map();
  let lastId = 0;
  child.on("message", (message) => {
    if (message?.type === "restarted") waiting.get(message.id)?.();
  });
  return {
    exited,
    kill: (signal) => child.kill(signal),
    /** Resolves after the first attempt to start them, or when the launcher is gone. */
    restart: (names) => {
      lastId += 1;
      const id = lastId;
      const done = new Promise((resolve) => waiting.set(id, resolve)).finally(() => waiting.delete(id));
      if (child.connected) child.send({ type: "restart", id, names });
      return Promise.race([done, exited]);
    },
  };
}

/** Writes what sources are without their types where the compiler will put it later. */
async function transpile(paths) {
  for (const [source, output] of Object.entries(OUTPUTS)) {
    const own = paths.filter((path) => path.startsWith(`${source}/`));
    if (own.length > 0) await noteTranspiled(output);
    for (const path of own) await transpileFile(path, path.replace(source, output).replace(/\.ts$/, ".js"));
  }
}

async function transpileFile(path, compiled) {
  const source = await readFile(join(ROOT, path), "utf8").catch(() => undefined);
  if (source === undefined) return rm(join(ROOT, compiled), { force: true });
  const { code } = await transform(source, {
    loader: "ts",
    format: "esm",
    target: "es2024",
    sourcefile: join(ROOT, path),
    sourcemap: "inline",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  await writeFile(join(ROOT, compiled), code);
}

function listed(paths) {
  const [first] = paths;
  return paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
}

function seconds(since) {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}

function say(text) {
  process.stdout.write(`dev: ${text}\n`);
}
