import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { operatorConfiguration } from "../../dist/operator/cli/operator-configuration.js";
import { signingConfiguration } from "../../dist/operator/cli/token.js";
import { cardConfiguration } from "../../dist/operator/load-demo-bank.js";
import { commonConfiguration } from "../../dist/platform/configuration.js";
import { COMMON_CONFIGURATION, DATABASE_SERVICES, SERVICES, SYSTEM } from "../../dist/topology/system-table.js";
import { TOOLS } from "../../dist/topology/tool-table.js";
import { SERVICE_CONFIGURATIONS } from "../support/service-configurations.js";

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));
/** Names of variables that hold a key or a password. */
const SECRET = /(_KEYS?|_SECRETS?|_PASSWORD|^(BROKER|DATABASE)(_\w+)?_URL)$/;

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
      const read = Object.keys({ ...commonConfiguration, ...SERVICE_CONFIGURATIONS[service] });
      expect([...secrets, ...configuration, ...COMMON_CONFIGURATION]).to.have.members(read);
    });

    it(`calls secret whatever ${service} reads that holds a key or a password`, () => {
      const plain = SYSTEM[service].configuration;
      expect(plain.filter((name) => SECRET.test(name))).to.deep.equal([]);
    });
  }

  it("names every secret that the operator's command line reads", () => {
    const read = Object.keys({ ...operatorConfiguration, ...cardConfiguration, ...signingConfiguration });
    expect(read.filter((name) => SECRET.test(name))).to.have.members([...TOOLS.operator.secrets]);
  });
});
