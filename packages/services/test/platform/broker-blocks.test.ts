import { randomBytes } from "node:crypto";
import { type Broker, startBroker } from "@quittance/sdk/testing";
import { expect } from "chai";
import { createDevelopmentKeys } from "../../dist/operator/development-token.js";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { createKeys } from "../../dist/stack/secrets.js";
import { environmentOf, type StackEnvironment } from "../../dist/stack/service-table.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";
import { startService, type TestService } from "../support/services-for-tests.js";

const BOUND_MS = 40_000;
const PASSWORD = "of-tests";

describe("readiness while the broker is there and takes no messages", function () {
  this.timeout(120_000);
  let broker: Broker;
  const services: TestService[] = [];

  before(async () => {
    const passwords = Object.fromEntries(BROKER_USERS.map((user) => [user, PASSWORD]));
    broker = await startBroker(embeddedBrokerOptions(passwords as Record<BrokerUserName, string>));
    const { jwks } = await createDevelopmentKeys();
    const stack: StackEnvironment = {
      brokerUrlOf: (service) => broker.url.replace("//", `//${service}:${PASSWORD}@`),
      // Nothing is sent in these tests, so that nobody asks for a database.
      databaseUrlOf: () => `postgres://nobody:${randomBytes(4).toString("hex")}@127.0.0.1:1/nothing`,
      keys: createKeys(),
      authentication: { AUTH_JWKS: jwks, AUTH_ISSUER: "quittance-tests", AUTH_AUDIENCE: "quittance" },
      grpcPort: 0,
      httpPort: 0,
    };
    for (const name of ["gateway", ...SERVICES] as const) {
      services.push(await startService({ name, environment: environmentOf(name, stack) }));
    }
  });
  after(async () => {
    await Promise.all(services.map((service) => service.kill("SIGKILL")));
    await broker?.close();
  });

  async function brokerChecks(): Promise<(string | undefined)[]> {
    return Promise.all(
      services.map(async ({ healthPort }) => {
        const response = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
        const { failing } = (await response.json()) as { readonly failing?: Readonly<Record<string, string>> };
        expect(response.status).to.equal(failing === undefined ? 200 : 503);
        return failing?.broker;
      }),
    );
  }

  it("fails in all five with that reason, and comes back when it takes them again", async () => {
    const every = (are: (reason: string | undefined) => boolean) => async () => (await brokerChecks()).every(are);
    await eventually(
      "all are ready",
      every((reason) => reason === undefined),
      BOUND_MS,
    );
    const fault = broker.refuseCredit("*");
    await eventually(
      "all say so",
      every((reason) => reason?.startsWith("blocks: ") === true),
      BOUND_MS,
    );
    fault.lift();
    await eventually(
      "all are ready again",
      every((reason) => reason === undefined),
      BOUND_MS,
    );
  });
});
