import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigurationError, parseConfiguration } from "../../dist/platform/configuration.js";
import { KeyFiles, openKeyProvider, rereadKeys, withProvidedKeys } from "../../dist/platform/key-provider.js";
import { keyMadeAt, keyRing } from "../../dist/platform/key-ring.js";
import { messageKeys } from "../../dist/shared/message-keys.js";
import { captureLog } from "../support/captured-log.js";
import { eventually } from "../support/eventually.js";
import { ringText } from "../support/key-rings.js";

const [ONE, OTHER] = [randomBytes(32), randomBytes(32)];
const shape = { CARD_SEALING_KEYS: keyRing(), MESSAGE_KEYS: messageKeys("notification") };

describe("Keys that change while a process runs", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-provider-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** As a Secret's files are replaced: whole. */
  async function replace(name: string, text: string): Promise<void> {
    await writeFile(join(folder, "draft"), text);
    await rename(join(folder, "draft"), join(folder, name));
  }

  it("are read again from their files, and those of before stay while a file is away or wrong", async () => {
    const messageKeyText = (key: Buffer) =>
      ["client-bank", "gateway", "merchant-bank"]
        .map((neighbour) => `${neighbour}=${key.toString("base64")}`)
        .join(",");
    await replace("sealing", `${ringText(ONE)}\n`);
    await replace("message", messageKeyText(ONE));
    const environment = {
      CARD_SEALING_KEYS_FILE: join(folder, "sealing"),
      MESSAGE_KEYS_FILE: join(folder, "message"),
    };
    const configuration = parseConfiguration(shape, environment);
    const { log, lines } = captureLog();
    const watch = rereadKeys({ provider: new KeyFiles(environment, 10), shape, configuration, log });
    try {
      const [first] = configuration.CARD_SEALING_KEYS.all;
      await replace("sealing", ringText(ONE, OTHER));
      await replace("message", messageKeyText(OTHER));
      await eventually("both lists are read again", () => {
        const [signing] = configuration.MESSAGE_KEYS.get("client-bank") ?? [];
        return configuration.CARD_SEALING_KEYS.all.length === 2 && signing?.export().equals(OTHER) === true;
      });
      expect(configuration.CARD_SEALING_KEYS.first, "what was made of a key is kept").to.equal(first);
      await replace("sealing", "half a fi");
      const told = (text: string) => lines().filter((line) => JSON.stringify(line).includes(text));
      await eventually("the wrong list is told", () => told("cannot be used").length > 0);
      await rm(join(folder, "sealing"));
      await eventually("the missing list is told", () => told("cannot be read again").length > 0);
      expect(configuration.CARD_SEALING_KEYS.all).to.have.length(2);
      await replace("sealing", ringText(OTHER));
      await eventually("the list is read again", () => configuration.CARD_SEALING_KEYS.all.length === 1);
      expect(told("cannot be used")).to.have.length(1);
      expect(JSON.stringify(lines())).not.to.contain(ONE.toString("base64"));
    } finally {
      watch.close();
    }
  });

  it("come from a module of the operator's own, before variables and files", async () => {
    const path = join(folder, "vault.mjs");
    await writeFile(
      path,
      `export default (environment) => ({
         readEveryMs: 10,
         read: async (variable) => variable === "CARD_SEALING_KEYS" ? environment.OF_THE_VAULT : undefined,
       });`,
    );
    const environment: NodeJS.ProcessEnv = {
      KEY_PROVIDER: path,
      OF_THE_VAULT: ringText(OTHER),
      CARD_SEALING_KEYS: ringText(ONE),
      MESSAGE_KEYS: "stays",
    };
    const provider = await openKeyProvider(environment);
    if (provider === undefined) throw new Error("There is no provider.");
    const provided = await withProvidedKeys(environment, provider, Object.keys(shape));
    expect(provided).to.include({ CARD_SEALING_KEYS: ringText(OTHER), MESSAGE_KEYS: "stays" });
  });

  it("end the start when the module cannot be had", async () => {
    const failure = await openKeyProvider({ KEY_PROVIDER: join(folder, "none.mjs") }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConfigurationError).with.property("message").that.contains("KEY_PROVIDER");
    expect(await openKeyProvider({})).to.equal(undefined);
  });

  it("tell their age by the day that their ids begin with", () => {
    expect(keyMadeAt("20260412b")).to.equal(Date.parse("2026-04-12T00:00:00Z"));
    for (const id of ["first", "2026", "20261399"]) expect(keyMadeAt(id), id).to.equal(undefined);
  });
});
