import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Payment, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { readKeyList } from "../../dist/operator/key-lists.js";
import { writeRunFile } from "../../dist/stack/run-file.js";
import { type Receiver, startReceiver } from "../notification/webhook/receiver.js";
import { runCommand } from "../operator/cli/command-for-tests.js";
import { fetchDocumented } from "../support/documented-answers.js";
import { eventually } from "../support/eventually.js";
import { ringText } from "../support/key-rings.js";
import { TEST_BROKER, untilAllFinal, useStack } from "../support/stack-for-tests.js";

/** Lists that are changed from beginning to end by one command; services read them every 2 s. */
const ROTATED = ["CARD_SEALING_KEYS", "PAYMENT_ID_KEYS", "CARD_FINGERPRINT_KEYS", "AUTH_JWKS"];
const WAIT_SECONDS = "4";
const CALLERS = 4;
const WEBHOOK_SETTINGS = ["WEBHOOK_URL", "WEBHOOK_SECRETS", "WEBHOOK_ALLOW_PRIVATE"];

describe(`Changing every key while payments run, on the ${TEST_BROKER} broker`, function () {
  this.timeout(180_000);
  let receiver: Receiver;
  let folder: string;
  /** What the receiver checks with, and how many signatures webhooks have. */
  let secret: Uint8Array = new Uint8Array(32).fill(9);
  let signatures = 0;
  const badWebhooks: string[] = [];

  before(async () => {
    receiver = await startReceiver((response, { headers, body }) => {
      const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
      const expected = `v1,${createHmac("sha256", secret).update(signed).digest("base64")}`;
      const given = String(headers["webhook-signature"]).split(" ");
      signatures = given.length;
      if (!given.includes(expected)) badWebhooks.push(String(headers["webhook-id"]));
      response.writeHead(204).end();
    });
    const [first = ""] = ringText(secret).split("=", 1);
    Object.assign(process.env, {
      WEBHOOK_URL: receiver.url.href,
      WEBHOOK_SECRETS: `${first}=whsec_${Buffer.from(secret).toString("base64")}`,
      WEBHOOK_ALLOW_PRIVATE: "true",
    });
  });
  const system = useStack({ instances: { gateway: 2, "card-validation": 2 } });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-changing-keys-"));
    const { stack } = system();
    await writeRunFile(join(folder, "run.json"), {
      ...{ grpc: "", http: "", gateways: [], token: "", services: [] },
      broker: stack.brokerUrl,
      auditor: stack.auditorUrl,
      database: stack.databaseUrl,
      signer: stack.signer,
      cardKeys: stack.cardKeys,
      keysFolder: stack.keysFolder,
    });
  });
  after(async () => {
    for (const name of WEBHOOK_SETTINGS) delete process.env[name];
    await rm(folder, { recursive: true, force: true });
    await receiver[Symbol.asyncDispose]();
  });

  /** Runs a command, and fails unless it ends well. */
  async function operator(...args: string[]): Promise<string> {
    const { code, out, err } = await runCommand(args, { QUITTANCE_FOLDER: folder });
    expect(code, `${args.join(" ")}: ${out}${err}`).to.equal(0);
    return out;
  }
  const why = ["--reason", "a year has passed"];
  const idsOf = async (list: string) =>
    (JSON.parse(await operator("keys", "list", "--json")) as { list: string; id: string }[])
      .filter((key) => key.list === list)
      .map(({ id }) => id);

  it("loses no payment, debits none twice, and answers the same request with the same payment ever after", async () => {
    const made = new Map<string, Payment>();
    let going = true;
    const payOne = async (requestId: string) => {
      const payment = await system().pay({ requestId });
      expect(payment.state, requestId).to.equal(PaymentState.SUCCEEDED);
      made.set(requestId, payment);
    };
    const load = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let number = 0; going; number += 1) {
        await payOne(`c${caller}-${number}`);
        // What was made under whichever key before is asked for again under whichever key is first now.
        const again = `c${caller}-${Math.floor(number / 2)}`;
        expect((await system().pay({ requestId: again })).id, again).to.equal(made.get(again)?.id);
      }
    });
    const failed = Promise.all(load).then(() => undefined);
    const before = new Map(await Promise.all(ROTATED.map(async (list) => [list, await idsOf(list)] as const)));
    await eventually("payments run", () => made.size > 20);
    try {
      await Promise.race([changeAll(), failed]);
    } finally {
      going = false;
      await Promise.allSettled(load);
    }
    await failed;

    await untilAllFinal(system(), made.size);
    const [rows] = await system().query<{ payments: number; debits: number }>(
      `SELECT (SELECT count(*)::int FROM client_bank.payments) AS payments,
              (SELECT count(*)::int FROM client_bank.ledger_entries WHERE kind = 'capture' AND direction = 'debit') AS debits`,
    );
    expect(rows).to.deep.equal({ payments: made.size, debits: made.size });
    expect(await system().discrepancies()).to.deep.equal([]);
    expect(JSON.parse(await operator("dead-letters", "list", "--json"))).to.have.property("letters").that.is.empty;
    expect(badWebhooks).to.deep.equal([]);
    for (const list of ROTATED) expect((await idsOf(list))[0], list).not.to.equal(before.get(list)?.[0]);
    // Ids of the key before are read; requests of its time find their payments.
    const sample = [...made].slice(0, 10);
    for (const [requestId, { id }] of sample) {
      expect((await system().read(id)).state).to.match(/SUCCEEDED$/);
      expect((await system().pay({ requestId })).id).to.equal(id);
    }
  });

  async function changeAll(): Promise<void> {
    const rotate = (list: string) => operator("keys", "rotate", list, "--wait-seconds", WAIT_SECONDS, ...why);
    await Promise.all([...ROTATED.map(rotate), changeWebhookSecret()]);
    await rotate("CARD_STORAGE_KEYS");
  }

  async function changeWebhookSecret(): Promise<void> {
    await operator("keys", "add", "WEBHOOK_SECRETS");
    await eventually("webhooks have two signatures", () => signatures === 2);
    const [former = "", next = ""] = await idsOf("WEBHOOK_SECRETS");
    const listed = await readKeyList(system().stack.keysFolder, "WEBHOOK_SECRETS");
    secret = Buffer.from(listed?.[1]?.text.slice("whsec_".length) ?? "", "base64");
    await operator("keys", "first", "WEBHOOK_SECRETS", next);
    await operator("keys", "retire", "WEBHOOK_SECRETS", former, ...why);
    await eventually("webhooks have one signature", () => signatures === 1);
  }

  it("keeps the key of payment ids that payments need, and has retired the others", async () => {
    const [, former = ""] = await idsOf("PAYMENT_ID_KEYS");
    const kept = await runCommand(["keys", "retire", "PAYMENT_ID_KEYS", former, ...why], { QUITTANCE_FOLDER: folder });
    expect(kept.code).to.equal(1);
    expect(kept.err).to.match(/[0-9]+ payments and refunds have ids that were made with it/);
    expect(await idsOf("PAYMENT_ID_KEYS")).to.have.length(2);
    for (const list of ["CARD_SEALING_KEYS", "CARD_FINGERPRINT_KEYS", "CARD_STORAGE_KEYS", "WEBHOOK_SECRETS"]) {
      expect(await idsOf(list), list).to.have.length(1);
    }
    const [row] = await system().query("SELECT count(former_card_fingerprint)::int AS former FROM client_bank.clients");
    expect(row).to.deep.equal({ former: 0 });
  });

  it("signs tokens with the new key, which the gateways know", async () => {
    const token = (await operator("token", "--merchant", "m-0001")).trim();
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string };
    expect(kid).to.equal((await idsOf("AUTH_JWKS"))[0]);
    for (const { httpPort } of system().stack.gateways) {
      const answer = await fetchDocumented(`http://127.0.0.1:${httpPort}/v1/payments?page_size=1`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).to.equal(200);
    }
  });

  it("shows no key in lists, logs and what the operator was told", async () => {
    const shown = system().output() + (await operator("keys", "list"));
    for (const list of ["CARD_SEALING_KEYS", "PAYMENT_ID_KEYS", "CARD_FINGERPRINT_KEYS", "CARD_STORAGE_KEYS"]) {
      const text = await readFile(join(system().stack.keysFolder, list), "utf8");
      for (const pair of text.trim().split(",")) expect(shown).not.to.include(pair.slice(pair.indexOf("=") + 1));
    }
  });
});
