import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { BROKER_USERS } from "../../dist/shared/queue-map.js";
import { readBrokerUsers, withLogin } from "../../dist/stack/broker-users.js";
import { OptionsError } from "../../dist/stack/options.js";

describe("The file of --broker-users", () => {
  const folder = mkdtempSync(join(tmpdir(), "quittance-broker-users-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const read = (text: string) => {
    const file = join(folder, "users");
    writeFileSync(file, text);
    return readBrokerUsers(file);
  };
  const properties = BROKER_USERS.map((user) => `${user} = p@ss=${user}`);

  it("is Artemis' own file of users, or JSON, with other names of users where they are given", async () => {
    expect((await read(["# users", "", ...properties].join("\r\n"))).gateway).to.deep.equal({
      user: "gateway",
      password: "p@ss=gateway",
    });
    const json = Object.fromEntries(BROKER_USERS.map((user) => [user, "secret"]));
    const logins = await read(JSON.stringify({ ...json, gateway: { user: "door", password: "other" } }));
    expect(logins["card-validation"]).to.deep.equal({ user: "card-validation", password: "secret" });
    expect(logins.gateway).to.deep.equal({ user: "door", password: "other" });
  });

  it("makes URLs that hold whatever is in a password", () => {
    const url = withLogin(new URL("amqps://example.test:5671"), { user: "a b", password: "p@ss:/%" });
    expect(url).to.equal("amqps://a%20b:p%40ss%3A%2F%25@example.test:5671");
  });

  for (const [what, text, named] of [
    ["a service that it leaves out", properties.slice(1).join("\n"), "gateway has no password"],
    ["a password that is empty", [...properties.slice(1), "gateway="].join("\n"), "gateway has no password"],
    ["a name that nobody has", [...properties, "gatway=secret"].join("\n"), "it knows no gatway"],
    ["JSON that is cut off", '{"gateway": "secret"', "begins as JSON and is none"],
  ] as const) {
    it(`is refused for ${what}, and no password is repeated`, async () => {
      const failure = await read(text).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(OptionsError);
      expect((failure as Error).message)
        .to.contain(named)
        .and.not.to.contain("secret")
        .and.not.to.contain("p@ss");
    });
  }

  it("is named when it is not there", async () => {
    const failure = await readBrokerUsers(join(folder, "none")).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(OptionsError);
    expect((failure as Error).message)
      .to.contain(join(folder, "none"))
      .and.to.contain("ENOENT");
  });
});
