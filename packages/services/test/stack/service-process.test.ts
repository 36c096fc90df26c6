import { randomBytes } from "node:crypto";
import { startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import { BROKER_USERS, type BrokerUserName, type ServiceName } from "../../dist/shared/queue-map.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { createKeys } from "../../dist/stack/secrets.js";
import { environmentOf, type StackEnvironment } from "../../dist/stack/service-table.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";
import { ringText } from "../support/key-rings.js";
import { messageKeysText } from "../support/message-keys.js";
import { startService } from "../support/services-for-tests.js";

const PASSWORDS = Object.fromEntries(BROKER_USERS.map((user) => [user, "of-tests"])) as Record<BrokerUserName, string>;

async function statusOf(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.body?.cancel();
  return response.status;
}

describe("A service's process", function () {
  this.timeout(60_000);
  const key = () => ringText(randomBytes(32));
  let broker: Awaited<ReturnType<typeof startBroker>>;
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    broker = await startBroker(embeddedBrokerOptions(PASSWORDS));
    environment = {
      BROKER_URL: `amqp://card-validation:of-tests@127.0.0.1:${broker.port}`,
      CARD_SEALING_KEYS: key(),
      CARD_FINGERPRINT_KEYS: key(),
      MESSAGE_KEYS: messageKeysText("card-validation"),
    };
  });
  after(() => broker.close());

  it("is alive and ready when it says so, comes back on its ports after a kill, and drains at SIGTERM", async () => {
    const service = await startService({ name: "card-validation", environment });
    const { healthPort, pid } = service;
    expect(await statusOf(healthPort, "/livez")).to.equal(200);
    expect(await statusOf(healthPort, "/readyz")).to.equal(200);
    expect(await service.kill("SIGKILL")).to.deep.equal({ code: null, signal: "SIGKILL" });
    await service.restart();
    expect(service.pid).not.to.equal(pid);
    expect(service.healthPort).to.equal(healthPort);
    expect(await statusOf(healthPort, "/readyz")).to.equal(200);
    const began = Date.now();
    await service.stop();
    expect(Date.now() - began).to.be.below(10_000);
    expect(service.output()).to.contain('"msg":"stopped"');
  });

  it("is alive and not ready while the broker is away, and recovers alone", async () => {
    const own = await startBroker(embeddedBrokerOptions(PASSWORDS));
    const url = `amqp://card-validation:of-tests@127.0.0.1:${own.port}`;
    const service = await startService({ name: "card-validation", environment: { ...environment, BROKER_URL: url } });
    await own.close();
    await eventually("it is not ready", async () => (await statusOf(service.healthPort, "/readyz")) === 503);
    expect(await statusOf(service.healthPort, "/livez")).to.equal(200);
    const back = await startBroker({ ...embeddedBrokerOptions(PASSWORDS), port: own.port });
    await eventually("it is ready again", async () => (await statusOf(service.healthPort, "/readyz")) === 200, 20_000);
    await service.stop();
    await back.close();
  });

  it("names every variable that is missing or wrong, and repeats no secret", async () => {
    const secret = "not-a-key-of-32-bytes";
    const failure = await startService({
      name: "card-validation",
      environment: { BROKER_URL: "http://example.test", CARD_SEALING_KEYS: secret },
    }).catch((error: unknown) => error);
    expect(failure).to.have.property("message");
    const { message } = failure as Error;
    expect(message).to.contain("exit code 2");
    for (const name of [
      "BROKER_URL",
      "CARD_SEALING_KEYS",
      "CARD_FINGERPRINT_KEYS is not set",
      "MESSAGE_KEYS is not set",
    ]) {
      expect(message).to.contain(name);
    }
    expect(message).not.to.contain(secret);
  });
});

describe("The table of the services' environments", () => {
  const stack: StackEnvironment = {
    brokerUrlOf: (service) => `amqp://${service}:p@127.0.0.1:1`,
    databaseUrlOf: (service) => `postgres://${service}:p@127.0.0.1:2/x`,
    keys: createKeys(),
    authentication: { AUTH_JWKS: "{}", AUTH_ISSUER: "issuer", AUTH_AUDIENCE: "audience" },
    grpcPort: 0,
    httpPort: 0,
  };
  const holdersOf = (name: string): ServiceName[] =>
    SERVICES.filter((service) => environmentOf(service, stack)[name] !== undefined);

  it("gives each secret to those that need it and to nobody else", () => {
    expect(holdersOf("PAYMENT_ID_KEYS")).to.deep.equal(["gateway"]);
    expect(holdersOf("CARD_SEALING_KEYS")).to.deep.equal(["gateway", "card-validation"]);
    expect(holdersOf("CARD_FINGERPRINT_KEYS")).to.deep.equal(["card-validation"]);
    expect(holdersOf("CARD_STORAGE_KEYS")).to.deep.equal(["card-validation"]);
    expect(holdersOf("DATABASE_URL")).to.deep.equal(["client-bank", "merchant-bank", "notification"]);
  });

  it("gives each pair of neighbours a key of their own, and the secret that they are made of to nobody", () => {
    const pairs = SERVICES.flatMap((service) =>
      (environmentOf(service, stack).MESSAGE_KEYS ?? "")
        .split(",")
        .filter((pair) => pair !== "")
        .map((pair) => {
          const [neighbour = "", ...rest] = pair.split("=");
          return { pair: [service, neighbour].sort().join(" "), key: rest.join("=") };
        }),
    );
    const keys = new Map(pairs.map(({ pair, key }) => [pair, key]));
    for (const { pair, key } of pairs) expect(keys.get(pair), pair).to.equal(key);
    expect(pairs.length).to.equal(2 * keys.size);
    expect(new Set(keys.values()).size).to.equal(keys.size);
    expect([...keys.keys()]).to.include.members(["client-bank merchant-bank", "client-bank gateway"]);
    expect(holdersOf("MESSAGE_SECRET")).to.deep.equal([]);
  });

  it("gives each service a broker user of its own", () => {
    for (const service of SERVICES) expect(environmentOf(service, stack).BROKER_URL).to.contain(`//${service}:`);
  });

  it("hands on nothing of the launcher's own environment but what it names", () => {
    process.env.QUITTANCE_TEST_SECRET = "of the launcher";
    process.env.OTEL_SERVICE_VERSION = "handed on";
    try {
      for (const service of SERVICES) {
        const given = environmentOf(service, stack);
        expect(given).not.to.have.property("QUITTANCE_TEST_SECRET");
        expect(given).to.have.property("OTEL_SERVICE_VERSION", "handed on");
      }
    } finally {
      delete process.env.QUITTANCE_TEST_SECRET;
      delete process.env.OTEL_SERVICE_VERSION;
    }
  });
});
