import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createKeys, keepKeys } from "../../dist/stack/secrets.js";

describe("The keys of a stack with a database of one's own", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-keys-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("are made once and kept, for their owner's eyes", async () => {
    const file = join(folder, "new", "keys.json");
    const keys = await keepKeys(file);
    expect(await keepKeys(file)).to.deep.equal(keys);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it("of earlier releases get what they lack, and keep the rest", async () => {
    const file = join(folder, "old.json");
    const { MESSAGE_SECRET: _later, WEBHOOK_SEALING_KEYS: _latest, ...old } = createKeys();
    await writeFile(file, JSON.stringify(old), { mode: 0o600 });
    const keys = await keepKeys(file);
    expect(keys).to.include(old);
    expect(Buffer.from(keys.MESSAGE_SECRET, "base64")).to.have.length(32);
    expect(await keepKeys(file)).to.deep.equal(keys);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it("of before keys had ids become lists, and keep what they are", async () => {
    const file = join(folder, "single.json");
    const key = Buffer.alloc(32, 1).toString("base64");
    const names = ["PAYMENT_ID", "CARD_SEALING", "CARD_FINGERPRINT", "CARD_STORAGE"];
    const old = Object.fromEntries(names.map((name) => [`${name}_KEY`, key]));
    await writeFile(file, JSON.stringify({ ...old, MESSAGE_SECRET: key }), { mode: 0o600 });
    const keys = await keepKeys(file);
    const { WEBHOOK_SEALING_KEYS: added, ...kept } = keys;
    expect(added).to.match(/^20[0-9]{6}=/);
    expect(kept).to.deep.equal({
      ...Object.fromEntries(names.map((name) => [`${name}_KEYS`, `first=${key}`])),
      MESSAGE_SECRET: key,
    });
    expect(JSON.parse(await readFile(file, "utf8"))).to.deep.equal(keys);
  });

  it("are never overwritten when the file holds something else", async () => {
    const file = join(folder, "other.json");
    await writeFile(file, "{}");
    const failure = await keepKeys(file).catch((error: unknown) => error);
    expect(failure).to.have.property("message").that.contains("does not hold the keys of a stack");
    expect(await readFile(file, "utf8")).to.equal("{}");
  });
});
