import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { z } from "zod";
import { cardValidationConfiguration } from "../../dist/card-validation/service.js";
import { clientBankConfiguration } from "../../dist/client-bank/service.js";
import { gatewayConfiguration } from "../../dist/gateway/gateway-configuration.js";
import { merchantBankConfiguration } from "../../dist/merchant-bank/service.js";
import { notificationConfiguration } from "../../dist/notification/configuration.js";
import { commonConfiguration } from "../../dist/platform/configuration.js";
import {
  COMMON_CONFIGURATION,
  DATABASE_SERVICES,
  SERVICES,
  type ServiceName,
  SYSTEM,
} from "../../dist/topology/system-table.js";

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));
/** What each service reads from its environment. */
const SCHEMAS: Readonly<Record<ServiceName, z.ZodRawShape>> = {
  gateway: gatewayConfiguration,
  "card-validation": cardValidationConfiguration,
  "client-bank": clientBankConfiguration,
  "merchant-bank": merchantBankConfiguration,
  notification: notificationConfiguration,
};

describe("The table of the system", () => {
  it("has a row for each folder that holds the program of a service, and no others", () => {
    const folders = readdirSync(SOURCES).filter((folder) => {
      const main = `${SOURCES}${folder}/main.ts`;
      return existsSync(main) && readFileSync(main, "utf8").includes("runService(");
    });
    expect(folders).to.have.members(Object.values(SYSTEM).map(({ program }) => program));
  });

  it("names a database for each folder that holds migrations, and for no other", () => {
    const folders = readdirSync(SOURCES).filter((folder) => existsSync(`${SOURCES}${folder}/migrations`));
    expect(folders).to.have.members([...DATABASE_SERVICES]);
  });

  for (const service of SERVICES) {
    it(`names every variable that ${service} reads, once, as a secret or as plain configuration`, () => {
      const { configuration, secrets } = SYSTEM[service];
      const read = Object.keys({ ...commonConfiguration, ...SCHEMAS[service] });
      expect([...secrets, ...configuration, ...COMMON_CONFIGURATION]).to.have.members(read);
    });

    it(`calls secret whatever ${service} reads that holds a key or a password`, () => {
      const plain = SYSTEM[service].configuration;
      expect(plain.filter((name) => /(_KEYS?|_SECRETS?|_PASSWORD|^(BROKER|DATABASE)_URL)$/.test(name))).to.deep.equal(
        [],
      );
    });
  }
});
