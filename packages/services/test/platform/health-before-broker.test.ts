import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { freePort } from "../../dist/stack/free-ports.js";
import { eventually } from "../support/eventually.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

describe("a service whose broker is away when it starts", () => {
  let service: ChildProcess;
  let port: number;

  before(async () => {
    port = await freePort();
    const key = randomBytes(32).toString("base64");
    service = spawn(process.execPath, [MAIN, "card-validation"], {
      stdio: "ignore",
      env: {
        // Nothing listens there: port 1 is nobody's.
        BROKER_URL: "amqp://card-validation:secret@127.0.0.1:1",
        HEALTH_PORT: String(port),
        CARD_SEALING_KEYS: `k1=${key}`,
        CARD_FINGERPRINT_KEYS: `k1=${key}`,
        MESSAGE_KEYS: `client-bank=${key}`,
      },
    });
  });
  after(async () => {
    if (service.exitCode !== null) return;
    service.kill("SIGKILL");
    await once(service, "exit");
  });

  it("lives, so that nobody starts it again, and is not ready", async () => {
    await eventually("an answer of /livez", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
      return answer?.status === 200;
    });
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(ready.status).to.equal(503);
    expect(await ready.json()).to.have.nested.property("failing.broker", "not connected yet");
  });

  it("stops when it is told to", async () => {
    service.kill("SIGTERM");
    const [code] = await once(service, "exit");
    expect(code).to.equal(0);
  });
});
