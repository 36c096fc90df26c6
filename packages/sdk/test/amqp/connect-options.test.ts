import { expect } from "chai";
import rhea from "rhea";
import { parseConnectOptions } from "../../dist/amqp/connection-settings.js";
import { namedBrokers } from "../../dist/amqp/known-brokers.js";
import { connect } from "../../dist/connect.js";
import { startBroker } from "../../dist/testing/mod.js";
import { failure, ScriptedPeer, until } from "./scripted-peer.js";
import { AUTHORITY, CLIENT_CERTIFICATE, CLIENT_KEY, HOST_CERTIFICATE, HOST_KEY } from "./test-certificates.js";

const soon = { initialDelayMs: 1, maximumDelayMs: 20 } as const;
const hostTls = { key: HOST_KEY, cert: HOST_CERTIFICATE };

function tlsUrl(peer: ScriptedPeer): string {
  return `amqps://localhost:${peer.port}`;
}

describe("a failover string", () => {
  it("names the brokers and how they are tried", () => {
    const settings = parseConnectOptions(
      "failover:(amqp://a,amqps://b:1)?maxReconnectAttempts=7&failover.initialReconnectDelay=10&maxReconnectDelay=500",
      {},
    );
    expect(settings.endpoints.map(({ name }) => name)).to.deep.equal(["amqp://a:5672", "amqps://b:1"]);
    expect(settings.reconnect).to.deep.equal({ initialDelayMs: 10, maximumDelayMs: 500, maximumAttempts: 7 });
    expect(settings.firstAttempts).to.equal(7);
    const endless = parseConnectOptions(
      "failover://(amqp://a)?maxReconnectAttempts=-1&startupMaxReconnectAttempts=2",
      {},
    );
    expect(endless.reconnect?.maximumAttempts).to.equal(Number.POSITIVE_INFINITY);
    expect(endless.firstAttempts).to.equal(2);
    expect(parseConnectOptions("failover:(amqp://a)?maxReconnectAttempts=0", {}).reconnect).to.equal(undefined);
    expect(parseConnectOptions("failover:(amqp://a,amqp://b)?randomize=true", {}).endpoints).to.have.length(2);
  });

  it("is refused with a sentence where it says what is not known, or says it twice", () => {
    for (const [url, options, word] of [
      ["failover:(amqp://a)?maxReconnectAttemps=1", {}, "maxReconnectAttemps"],
      ["failover:(amqp://a)?nested.x=1", {}, "nested.x"],
      ["failover:(amqp://a)?maxReconnectAttempts=many", {}, "maxReconnectAttempts"],
      ["failover:(amqp://a)?randomize=1", {}, "randomize"],
      ["failover:(amqp://a)?maxReconnectDelay=5", { reconnect: {} }, "twice"],
      ["failover:amqp://a", {}, "failover:(url,url)"],
      ["failover:()", {}, "URL"],
    ] as const) {
      expect(() => parseConnectOptions(url, options))
        .to.throw()
        .that.satisfies((error: { code: string; message: string }) => {
          return error.code === "invalid-argument" && error.message.includes(word);
        }, url);
    }
  });

  it("connects to the first broker that answers", async () => {
    await using peer = await ScriptedPeer.start();
    await using connection = await connect(`failover:(amqp://127.0.0.1:1,${peer.url})?initialReconnectDelay=1`);
    expect(connection.state).to.include({ name: "open", broker: peer.url });
  });
});

describe("a broker's failover-server-list", () => {
  it("is where the connection goes when that broker is away", async () => {
    await using backup = await ScriptedPeer.start();
    const list = [{ "network-host": "127.0.0.1", port: rhea.types.wrap_int(backup.port), scheme: "amqp" }];
    const primary = await ScriptedPeer.start({ properties: { "failover-server-list": list } });
    await using connection = await connect(primary.url, { reconnect: soon });
    const states: string[] = [];
    connection.onState((state) => states.push(state.name));
    await primary[Symbol.asyncDispose]();
    await until(() => connection.state.name === "open" && states.includes("open"), "the backup is in use");
    expect(connection.state).to.include({ broker: backup.url });
  });

  it("keeps the log-in, never leaves TLS, and drops what is of no use", () => {
    const by = { host: "a", port: 1, secure: true, username: "u", password: "p", name: "amqps://a:1" };
    const entries = [
      { hostname: "b", port: 2, scheme: "amqps" },
      { hostname: "plain", port: 2, scheme: "amqp" },
      { hostname: "c" },
      { port: 3 },
      { hostname: "d", port: 70_000 },
      "nonsense",
      null,
    ];
    const brokers = namedBrokers(entries, by);
    expect(brokers.map(({ name }) => name)).to.deep.equal(["amqps://b:2", "amqps://c:5671"]);
    expect(brokers[0]).to.include({ username: "u", password: "p", secure: true });
    expect(namedBrokers(new Array(100).fill({ hostname: "b" }), by)).to.have.length(32);
    expect(namedBrokers({ hostname: "b" }, by)).to.deep.equal([]);
  });
});

describe("TLS", () => {
  it("is trusted by the given authority alone", async () => {
    await using peer = await ScriptedPeer.start({ tls: hostTls });
    await using connection = await connect(tlsUrl(peer), { tls: { ca: Buffer.from(AUTHORITY) } });
    expect(connection.state.name).to.equal("open");
    const refused = await failure(connect(tlsUrl(peer)));
    expect(refused.code).to.equal("connection-failed");
    expect(refused.message).to.match(/certificate/);
  });

  it("checks the name of the broker, unless told another, or not to check", async () => {
    await using peer = await ScriptedPeer.start({ tls: hostTls });
    const url = `amqps://127.0.0.1:${peer.port}`;
    expect((await failure(connect(url, { tls: { ca: AUTHORITY } }))).message).to.match(/IP|altnames/i);
    await using named = await connect(url, { tls: { ca: [AUTHORITY], servername: "localhost" } });
    await using blind = await connect(url, { tls: { rejectUnauthorized: false } });
    expect([named.state.name, blind.state.name]).to.deep.equal(["open", "open"]);
  });

  it("logs in by SASL EXTERNAL with a client's certificate, and by nothing less", async () => {
    const identities: string[] = [];
    const tls = { ...hostTls, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
    const own = { ca: AUTHORITY, cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };
    await using peer = await ScriptedPeer.start({ tls, external: (identity) => identities.push(identity) });
    await using connection = await connect(tlsUrl(peer), { tls: own });
    expect(connection.state.name).to.equal("open");
    expect(identities).to.deep.equal([""]);
    expect((await failure(connect(tlsUrl(peer), { tls: { ca: AUTHORITY } }))).code).to.equal("connection-failed");
    await using plain = await ScriptedPeer.start({ tls, login: () => true });
    expect((await failure(connect(tlsUrl(plain), { tls: own }))).code).to.be.oneOf([
      "authentication-failed",
      "connection-failed",
    ]);
  });

  it("is refused where it means nothing or is half given", async () => {
    for (const [url, tls] of [
      ["amqp://a", {}],
      ["amqps://a", { cert: CLIENT_CERTIFICATE }],
      ["amqps://a", { key: CLIENT_KEY }],
    ] as const) {
      expect((await failure(connect(url, { tls }))).code).to.equal("invalid-argument");
    }
  });
});

describe("a client id", () => {
  it("belongs to one connection at a time", async () => {
    await using broker = await startBroker();
    await using first = await connect(broker.url, { clientId: "fraud-1" });
    const second = await failure(connect(broker.url, { clientId: "fraud-1" }));
    expect(second).to.include({ code: "invalid-argument", retryable: false });
    expect(second.message).to.contain("another connection has it");
    await first.close();
    await using third = await connect(broker.url, { clientId: "fraud-1" });
    expect(third.state.name).to.equal("open");
  });
});
