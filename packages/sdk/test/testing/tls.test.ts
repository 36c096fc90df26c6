/** TLS of the embedded broker, and users who log in by their certificates. */
import { expect } from "chai";
import { connect, type MessagingError, queue, type TlsOptions } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  COMMON_NAME,
  HOST_CERTIFICATE,
  HOST_KEY,
  STRANGE_CERTIFICATE,
  STRANGE_KEY,
} from "../amqp/test-certificates.js";

const SERVER = { cert: HOST_CERTIFICATE, key: HOST_KEY };
const CLIENT = { ca: AUTHORITY, cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };

async function failure(attempt: Promise<unknown>): Promise<MessagingError> {
  return attempt.then(
    () => {
      throw new Error("It did not fail.");
    },
    (error: MessagingError) => error,
  );
}

function urlOf(broker: Broker): string {
  return `amqps://localhost:${broker.port}`;
}

describe("the embedded broker with TLS", () => {
  it("serves amqps to who trusts its authority, and nothing in plain text", async () => {
    await using broker = await startBroker({ tls: SERVER });
    expect(broker.url).to.equal(`amqps://127.0.0.1:${broker.port}`);
    await using connection = await connect(urlOf(broker), { tls: { ca: AUTHORITY } });
    await using producer = await connection.createProducer(queue("orders"));
    await producer.send({ text: "over TLS" });
    expect(broker.messageCount("orders")).to.equal(1);
    expect((await failure(connect(urlOf(broker)))).message).to.match(/certificate/);
    const plain = `amqp://127.0.0.1:${broker.port}`;
    expect((await failure(connect(plain, { connectTimeoutMs: 2_000 }))).code).to.equal("connection-failed");
  });

  it("lets a user in by a certificate, with the rights of that user and no others", async () => {
    await using broker = await startBroker({
      tls: { ...SERVER, ca: AUTHORITY },
      addresses: [
        { address: "own", kind: "queue" },
        { address: "other", kind: "queue" },
      ],
      users: [
        { name: "by-certificate", certificate: COMMON_NAME, send: ["own"] },
        { name: "by-password", password: "secret", send: ["other"] },
      ],
    });
    await using connection = await connect(urlOf(broker), { tls: CLIENT });
    await using producer = await connection.createProducer(queue("own"));
    await producer.send({ text: "mine" });
    const denied = await failure(connection.createProducer(queue("other")));
    expect(denied.code).to.equal("not-authorized");

    await using byPassword = await connect(urlOf(broker), { tls: CLIENT, username: "by-password", password: "secret" });
    await using other = await byPassword.createProducer(queue("other"));
    await other.send({ text: "the password goes before the certificate" });
    expect(broker.messageCount("other")).to.equal(1);
  });

  it("lets nobody in by a certificate that belongs to no user, nor by a password that its user has not", async () => {
    await using broker = await startBroker({
      tls: { ...SERVER, ca: AUTHORITY },
      users: [{ name: "somebody", certificate: "another name" }],
    });
    expect((await failure(connect(urlOf(broker), { tls: CLIENT }))).code).to.equal("authentication-failed");
    const guess = { tls: { ca: AUTHORITY }, username: "somebody", password: "" };
    expect((await failure(connect(urlOf(broker), guess))).code).to.equal("authentication-failed");
    expect((await failure(connect(urlOf(broker), { tls: { ca: AUTHORITY } }))).code).to.be.oneOf([
      "authentication-failed",
      "connection-failed",
    ]);
  });

  it("turns away who shows no certificate where one is required, and a certificate of another authority everywhere", async () => {
    const strangers = { ca: AUTHORITY, cert: STRANGE_CERTIFICATE, key: STRANGE_KEY };
    for (const requireCertificate of [true, false]) {
      await using broker = await startBroker({ tls: { ...SERVER, ca: AUTHORITY, requireCertificate } });
      await using known = await connect(urlOf(broker), { tls: CLIENT });
      expect(known.state.name).to.equal("open");
      expect((await failure(connect(urlOf(broker), { tls: strangers }))).code).to.equal("connection-failed");
      const without = await connect(urlOf(broker), { tls: { ca: AUTHORITY } }).catch((error: MessagingError) => error);
      if (requireCertificate) expect(without).to.have.property("code", "connection-failed");
      else await (without as Awaited<ReturnType<typeof connect>>).close();
    }
  });

  it("is refused when its options make no sense", async () => {
    const user = { name: "a", certificate: "a" };
    const refused = [
      { users: [user] },
      { tls: SERVER, users: [user] },
      { tls: { ...SERVER, requireCertificate: true } },
      { tls: { ...SERVER, ca: AUTHORITY }, users: [user, { ...user, name: "b" }] },
    ];
    for (const options of refused) {
      expect(await failure(startBroker(options))).to.have.property("code", "invalid-argument");
    }
  });
});

describe("TLS options that are a function", () => {
  it("are asked for at each attempt to connect, so that a certificate that was renewed is used", async () => {
    await using broker = await startBroker({
      tls: { ...SERVER, ca: AUTHORITY },
      users: [{ name: "somebody", certificate: COMMON_NAME }],
    });
    const given: TlsOptions[] = [];
    let next: TlsOptions = CLIENT;
    await using connection = await connect(urlOf(broker), {
      tls: () => {
        given.push(next);
        return next;
      },
      reconnect: { initialDelayMs: 1, maximumDelayMs: 5 },
    });
    expect(given).to.have.length(1);
    next = { ...CLIENT, servername: "localhost" };
    const states: string[] = [];
    const again = new Promise<void>((resolve) => {
      connection.onState(({ name }) => {
        states.push(name);
        if (name === "open") resolve();
      });
    });
    broker.dropConnections();
    await again;
    expect(states.at(-1)).to.equal("open");
    expect(given.at(-1)).to.equal(next);
  });

  it("end no connection by what they throw: the next attempt asks again", async () => {
    await using broker = await startBroker({ tls: SERVER });
    let asked = 0;
    await using connection = await connect(urlOf(broker), {
      tls: () => {
        asked += 1;
        if (asked === 2) throw new Error("no file");
        return { ca: AUTHORITY };
      },
      reconnect: { initialDelayMs: 1, maximumDelayMs: 5 },
    });
    const causes: string[] = [];
    const again = new Promise<void>((resolve) => {
      connection.onState((state) => {
        if (state.name === "reconnecting") causes.push(state.cause.message);
        if (state.name === "open") resolve();
      });
    });
    broker.dropConnections();
    await again;
    expect(asked).to.be.greaterThan(2);
    const first = connect(urlOf(broker), {
      tls: () => {
        throw new Error("no file");
      },
      reconnect: false,
    });
    expect((await failure(first)).message).to.contain("no file");
  });
});
