import { expect } from "chai";
import { commonConfiguration } from "../../dist/platform/configuration.js";
import { createKeys } from "../../dist/stack/secrets.js";
import { environmentOf, type StackEnvironment } from "../../dist/stack/service-table.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { SERVICE_CONFIGURATIONS } from "../support/service-configurations.js";

/**
 * A stack runs on one machine, its supervisor says where each process is asked for its health, and its certificates are
 * those of --tls.
 */
const THE_STACKS_OWN = new Set(["HEALTH_PORT", "LISTEN_HOST", "TLS_CERT_FILE", "TLS_KEY_FILE"]);
const STACK: StackEnvironment = {
  brokerUrlOf: () => "amqp://broker",
  databaseUrlOf: () => "postgres://database",
  keys: createKeys(),
  authentication: { AUTH_JWKS: "{}", AUTH_ISSUER: "issuer", AUTH_AUDIENCE: "audience" },
  grpcPort: 0,
  httpPort: 0,
};

describe("The environment of a stack's service", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  for (const service of SERVICES) {
    it(`hands every setting of ${service} on that the stack does not make itself`, () => {
      const made = environmentOf(service, STACK);
      const names = Object.keys({ ...commonConfiguration, ...SERVICE_CONFIGURATIONS[service] });
      const settings = names.filter((name) => made[name] === undefined && !THE_STACKS_OWN.has(name));
      for (const name of settings) process.env[name] = `set-${name}`;
      const environment = environmentOf(service, STACK);
      for (const name of settings) expect(environment[name], name).to.equal(`set-${name}`);
    });
  }
});
