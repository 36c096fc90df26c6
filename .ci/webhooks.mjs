// Sends genuine and forged webhooks to each sample receiver of examples/webhooks, in Node.js, Python, Go, Java and the
// shell, each run as a stranger would. Prints a line for each check, and `N passed, N failed` last.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { check, endChecks } from "./checks.mjs";

const START_TIMEOUT_MS = 120_000;
const FOLDER = "examples/webhooks";
const secretOf = (byte) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
const [SECRET, NEXT_SECRET, FOREIGN_SECRET] = [1, 2, 3].map(secretOf);
/** Has characters beyond ASCII and escapes that JSON writers differ in: a receiver that verifies re-written JSON fails. */
const BODY =
  '{"type":"payment.succeeded","timestamp":"2026-05-15T10:00:00Z","data":{"id":"pay_1","description":"Café 1\\/2 €"}}';

function signed(id, secrets, { body = BODY, time = new Date() } = {}) {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(time.getTime() / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, time, body)).join(" "),
  };
}

const LATE = new Date(Date.now() - 10 * 60 * 1_000);
const EARLY = new Date(Date.now() + 10 * 60 * 1_000);
const first = signed("evt_1", [SECRET]);

/** What is sent, and whether it is genuine. */
const CASES = [
  ["takes what is signed with its secret", first, BODY, true],
  ["takes what comes again", first, BODY, true],
  [
    "takes what two secrets signed, while one takes the place of another",
    signed("evt_2", [NEXT_SECRET, SECRET]),
    BODY,
    true,
  ],
  ["refuses another body", first, BODY.replace("pay_1", "pay_2"), false],
  ["refuses another id", { ...first, "webhook-id": "evt_3" }, BODY, false],
  [
    "refuses another time",
    { ...first, "webhook-timestamp": String(Number(first["webhook-timestamp"]) + 1) },
    BODY,
    false,
  ],
  ["refuses another secret's signature", signed("evt_4", [FOREIGN_SECRET]), BODY, false],
  ["refuses what is old", signed("evt_5", [SECRET], { time: LATE }), BODY, false],
  ["refuses what is of the future", signed("evt_6", [SECRET], { time: EARLY }), BODY, false],
  ["refuses a time that is none", { ...first, "webhook-timestamp": "now" }, BODY, false],
  [
    "refuses another version's signature",
    { ...first, "webhook-signature": first["webhook-signature"].replace("v1,", "v2,") },
    BODY,
    false,
  ],
];

const work = mkdtempSync(join(tmpdir(), "quittance-webhooks-"));
try {
  await tryReceiver("Node.js", [process.execPath, "receiver.mjs"]);
  await tryReceiver("Python", [process.env.PYTHON ?? "python3", "receiver.py"]);
  const program = join(work, "receiver");
  const built = spawnSync(process.env.GO ?? "go", ["build", "-o", program, "receiver.go"], {
    cwd: FOLDER,
    stdio: "inherit",
  });
  check("Go compiles it", built.status === 0 || built.status);
  if (built.status === 0) await tryReceiver("Go", [program]);
  await tryReceiver("Java", ["java", "Receiver.java"]);
  tryShell();
} finally {
  rmSync(work, { recursive: true, force: true });
}
endChecks();

async function tryReceiver(name, [command, ...args]) {
  const port = await freePort();
  const environment = { ...process.env, PORT: String(port), WEBHOOK_SECRET: SECRET };
  const receiver = spawn(command, args, { cwd: FOLDER, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  receiver.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const ended = new Promise((resolve) => receiver.once("close", resolve));
  try {
    await until(`the receiver in ${name} listens`, () => output.includes("ready"), receiver);
    for (const [sentence, headers, body, isGenuine] of CASES) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body });
      check(`${name} ${sentence}`, answer.ok === isGenuine || answer.status);
    }
    await until(`${name} says what it took`, () => output.includes("evt_2"), receiver);
    check(`${name} acts once on what comes twice`, output.split("evt_1").length === 2 || output);
  } catch (error) {
    check(`the receiver in ${name} ran`, String(error.stack ?? error));
  }
  receiver.kill();
  await ended;
}

function tryShell() {
  for (const [sentence, headers, body, isGenuine] of CASES) {
    const args = [headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]];
    const options = { cwd: FOLDER, input: body, env: { ...process.env, WEBHOOK_SECRET: SECRET } };
    const { status } = spawnSync("./verify.sh", args, options);
    check(`The shell ${sentence}`, status === (isGenuine ? 0 : 1) || status);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(what, isSo, child) {
  for (const bound = Date.now() + START_TIMEOUT_MS; !isSo(); ) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (Date.now() > bound) throw new Error(`waited too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
