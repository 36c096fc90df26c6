/**
 * `npm run test:container`: builds the image twice and compares, then runs the whole system in containers on a network
 * for each arrow, pays, and tries every connection that is not an arrow. Ends with `N passed, N failed`.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { tryCompose } from "../../compose/test/compose.mjs";
import { requirePrograms, run } from "./commands.mjs";
import { tryContents } from "./contents.mjs";
import { buildImage, layersOf, sizeOf } from "./image.mjs";
import { localImages } from "./local-images.mjs";
import { openPodman } from "./podman.mjs";
import { networkOf, startSystem } from "./system.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MAXIMUM_IMAGE_BYTES = 250e6;
/** On a quiet machine; told, and judged three times as long, for a busy one is no fault of the image. */
const READY_GOAL_MS = 1_500;
/**
 * What a start may take of a processor, in starts of Node that runs nothing. A busy machine changes it far less than the
 * time: the same gateway took 17.8 times, 21.5 and 22.0 beside other work.
 */
const MAXIMUM_TIMES_BARE = 25;
const PROBE = fileURLToPath(new URL("probe.mjs", import.meta.url));

if (process.argv.includes("--help")) {
  console.log(`npm run test:container [-- --once]

Needs root, and Debian's buildah, podman, runc, netavark, aardvark-dns and mmdebstrap. VERBOSE=1 shows the build.

  --once          build the image once: nothing is said of whether it is reproducible
  --image <name>  build none, and try the one of this name`);
  process.exit(0);
}

let passed = 0;
let failed = 0;
function check(sentence, isSo, otherwise = "") {
  if (isSo) passed += 1;
  else failed += 1;
  console.log(`${isSo ? "ok  " : "FAIL"} ${sentence}${isSo || otherwise === "" ? "" : `: ${otherwise}`}`);
}
const progress = (sentence) => console.log(`     ${sentence}`);
const load = (module) => import(pathToFileURL(join(ROOT, "packages/services/dist", module)));

const prefix = `quittance-${process.pid}`;
const images = [];
let podman;
try {
  await requirePrograms();
  const { findArtemis } = await load("stack/artemis.js");
  const artemisHome = await findArtemis(progress);
  const local = await localImages({ root: ROOT, node: process.execPath, artemisHome, onProgress: progress });
  podman = await openPodman(prefix);
  const given = process.argv.indexOf("--image");
  const quittance = given === -1 ? await tryImage(local) : process.argv[given + 1];
  await trySystem({ ...local, quittance });
  await tryCompose({ root: ROOT, images: { ...local, quittance }, prefix, load, check, onProgress: progress });
} catch (error) {
  check("the test ran to its end", false, error.stack ?? String(error));
} finally {
  await podman?.close();
  for (const image of images) await run("buildah", ["rmi", "--force", image]).catch(() => undefined);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryImage({ base, build }) {
  const revision = execFileSync("git", ["rev-parse", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim();
  const builds = process.argv.includes("--once") ? ["first"] : ["first", "second"];
  for (const which of builds) {
    progress(`building the image${builds.length > 1 ? ` for the ${which} time` : ""}`);
    const name = `localhost/${prefix}:${which}`;
    const startedAt = Date.now();
    await buildImage({ root: ROOT, name, base, build, revision, folder: podman.folder });
    images.push(name);
    progress(`built in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  }
  const [first, second] = images;
  if (second !== undefined) {
    const [one, other] = [await layersOf(first), await layersOf(second)];
    check("two builds make the same layers", JSON.stringify(one) === JSON.stringify(other), `${one} and ${other}`);
  }
  const bytes = await sizeOf(first);
  check(
    `the image has ${Math.round(bytes / 1e6)} MB, at most ${MAXIMUM_IMAGE_BYTES / 1e6}`,
    bytes <= MAXIMUM_IMAGE_BYTES,
  );
  await tryContents({ image: first, check });
  return first;
}

async function trySystem(allImages) {
  const { ARROWS, PARTS, PORTS } = await load("topology/arrows.js");
  const arrows = ARROWS.filter(({ to }) => to !== "outside");
  const system = await startSystem({ podman, images: allImages, root: ROOT, arrows, onProgress: progress });
  for (const [service, { ms, processorMs }] of Object.entries(system.ready)) {
    const times = processorMs / system.bareProcessorMs;
    check(
      `${service} was ready ${ms} ms after its start, by ${processorMs} ms of processor: ${times.toFixed(1)} times Node's own start (${Math.round(system.bareProcessorMs)} ms), at most ${MAXIMUM_TIMES_BARE}`,
      ms <= 3 * READY_GOAL_MS && times <= MAXIMUM_TIMES_BARE,
    );
  }
  await tryPayment(system);
  for (const path of ["/openapi.json", "/docs/swagger-ui-bundle.js"]) {
    const { status } = await fetch(`${system.url}${path}`);
    check(`the gateway serves ${path} from its image`, status === 200, String(status));
  }
  await tryConnections(arrows, PARTS, [...new Set(Object.values(PORTS))]);
}

async function tryPayment({ url, token }) {
  const answer = await fetch(`${url}/v1/payments`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      requestId: "a-payment-in-containers",
      card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      wait: "30s",
    }),
  });
  const text = await answer.text();
  check("a payment through all five services succeeds", text.includes("PAYMENT_STATE_SUCCEEDED"), text);
}

/** Every ordered pair of containers: each arrow is open, and nothing else is, on any address and any port that is used. */
async function tryConnections(arrows, parts, ports) {
  const found = new Map();
  for (const part of parts) found.set(part, await podman.inspect(part));
  let open = 0;
  let refused = 0;
  const wrong = [];
  for (const from of parts) {
    for (const to of parts) {
      if (from === to) continue;
      const arrow = arrows.find((one) => one.from === from && one.to === to);
      const network = arrow && networkOf(arrow);
      const attempts = Object.entries(found.get(to).addresses).flatMap(([on, host]) =>
        ports.map((port) => ({ host, port, expected: on === network && arrow.ports.includes(port) })),
      );
      const args = [
        "--target",
        String(found.get(from).pid),
        "--net",
        process.execPath,
        PROBE,
        JSON.stringify(attempts),
      ];
      const outcomes = JSON.parse(await run("nsenter", args));
      outcomes.forEach((outcome, place) => {
        const { host, port, expected } = attempts[place];
        if ((outcome === "open") !== expected) wrong.push(`${from} -> ${to} ${host}:${port} is ${outcome}`);
        else if (expected) open += 1;
        else refused += 1;
      });
    }
  }
  check(
    `${open} arrows are open, ${refused} other connections between containers are refused`,
    wrong.length === 0,
    wrong.join("; "),
  );
}
