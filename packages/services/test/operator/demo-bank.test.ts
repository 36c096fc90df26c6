import { expect } from "chai";
import { judgeCard } from "../../dist/card-validation/judge-card.js";
import {
  CLOSED_MERCHANT_ID,
  DEMO_MERCHANT_ID,
  DEMO_MERCHANTS,
  demoClients,
  TEST_CARDS,
} from "../../dist/operator/demo-bank.js";
import { loadDemoBank } from "../../dist/operator/load-demo-bank.js";
import { openCard } from "../../dist/shared/card-seal.js";
import { useDatabase } from "../support/database-for-tests.js";
import { ringText } from "../support/key-rings.js";
import { DEMO_KEYS, prepareBanks, STORAGE_KEY } from "./banks-for-tests.js";

const NOW_MS = Date.parse("2026-05-15T10:00:00.000Z");

describe("The demo bank", () => {
  it("is the same each time", () => {
    expect(demoClients()).to.deep.equal(demoClients());
  });

  it("has at least 1,000 clients in several currencies, each with a card number of its own that is valid", () => {
    const clients = demoClients();
    expect(clients).to.have.length.of.at.least(1_000);
    expect(new Set(clients.map(({ currencyCode }) => currencyCode))).to.include.keys("EUR", "USD", "JPY", "TND", "BHD");
    expect(new Set(clients.map(({ id }) => id))).to.have.property("size", clients.length);
    expect(new Set(clients.map(({ card }) => card.number))).to.have.property("size", clients.length);
    const invalid = clients.filter(({ card }) => judgeCard(card, NOW_MS).declineReason !== undefined);
    expect(invalid).to.deep.equal([]);
  });

  it("documents a dozen test cards, of the brand that they say, with merchants of their currencies", () => {
    expect(TEST_CARDS).to.have.length(12);
    for (const { brand, merchantId, currencyCode, ...card } of TEST_CARDS) {
      expect(judgeCard(card, NOW_MS), card.number).to.deep.equal({ brand });
      expect(DEMO_MERCHANTS.find(({ id }) => id === merchantId)).to.include({ currencyCode, state: "open" });
    }
  });

  it("has 20 merchants, the first in euros and open, one closed", () => {
    expect(DEMO_MERCHANTS).to.have.length(20);
    expect(DEMO_MERCHANTS[0]).to.include({ id: DEMO_MERCHANT_ID, currencyCode: "EUR", state: "open" });
    expect(DEMO_MERCHANTS.filter(({ state }) => state === "closed").map(({ id }) => id)).to.deep.equal([
      CLOSED_MERCHANT_ID,
    ]);
  });
});

describe("Loading the demo bank", function () {
  this.timeout(60_000);
  const database = useDatabase({ prepare: prepareBanks });
  const clients = () => database().query("SELECT * FROM client_bank.clients ORDER BY id");

  it("keeps card numbers sealed under the storage key only", async () => {
    const [first] = await clients();
    expect(await openCard(first?.sealed_card, [{ bytes: STORAGE_KEY }], { client: first?.id })).to.include({
      number: "4242424242424242",
    });
    const [plain] = await database().query("SELECT count(*)::int FROM client_bank.clients c WHERE c::text ~ '\\d{12}'");
    expect(plain).to.deep.equal({ count: 0 });
  });

  it("changes nothing when it is done again", async () => {
    await database().query("UPDATE client_bank.clients SET balance = balance - 1 WHERE id = 'c-0001'");
    const before = await clients();
    await loadDemoBank({ url: database().url, keys: DEMO_KEYS });
    expect(await clients()).to.deep.equal(before);
    await database().query("UPDATE client_bank.clients SET balance = balance + 1 WHERE id = 'c-0001'");
  });

  it("gives the cards new fingerprints under another key, and leaves the balances", async () => {
    const before = await clients();
    const keys = { ...DEMO_KEYS, CARD_FINGERPRINT_KEYS: ringText(Buffer.alloc(32, 9)) };
    await loadDemoBank({ url: database().url, keys });
    const after = await clients();
    expect(after.map(({ id, balance }) => [id, balance])).to.deep.equal(before.map(({ id, balance }) => [id, balance]));
    expect(after[0]?.card_fingerprint).not.to.equal(before[0]?.card_fingerprint);
  });

  it("names a key of another form", async () => {
    const keys = { ...DEMO_KEYS, CARD_STORAGE_KEYS: "k1=short" };
    const failure = await loadDemoBank({ url: database().url, keys }).catch((error: unknown) => error);
    expect(failure).to.have.property("message").that.contains("CARD_STORAGE_KEYS");
  });
});
