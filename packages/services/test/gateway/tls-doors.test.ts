/** Both doors with TLS, as merchants' programs meet them: who is let in, and what happens when certificates change. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentServiceClient } from "../../dist/gen/quittance/payments/v1/payments.js";
import {
  createLocalAuthority,
  type IssuedCertificate,
  type LocalAuthority,
  writeCertificate,
} from "../../dist/stack/local-authority.js";
import { eventually } from "../support/eventually.js";
import { type GatewayForTests, startGatewayForTests } from "./gateway-for-tests.js";

let authority: LocalAuthority;
let stranger: LocalAuthority;
let folder: string;
before(async () => {
  [authority, stranger] = await Promise.all([createLocalAuthority(), createLocalAuthority("somebody else")]);
  folder = mkdtempSync(join(tmpdir(), "quittance-tls-doors-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function startSecureGateway(
  certificate: IssuedCertificate,
  environment: NodeJS.ProcessEnv = {},
): Promise<GatewayForTests> {
  const { certFile, keyFile, caFile } = await writeCertificate(folder, "gateway", certificate, authority.ca);
  return startGatewayForTests({
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    TLS_CA_FILE: caFile,
    ...environment,
  });
}

interface Caller {
  readonly ca: string;
  readonly own?: IssuedCertificate;
}

function portsOf(gateway: GatewayForTests): { readonly grpc: number; readonly http: number } {
  return { grpc: Number(gateway.grpcAddress.split(":")[1]), http: Number(new URL(gateway.httpUrl).port) };
}

/** One call by gRPC on a connection of its own. @returns the status. */
function callGrpc(port: number, { ca, own }: Caller): Promise<{ code: status; details: string }> {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const client = new PaymentServiceClient(
    `localhost:${port}`,
    credentials.createSsl(Buffer.from(ca), pem(own?.key), pem(own?.cert)),
  );
  return new Promise<ServiceError>((resolve) => {
    client.getPayment({ id: "p", requestId: "" }, new Metadata(), { deadline: Date.now() + 4_000 }, (error) =>
      resolve(error as ServiceError),
    );
  }).finally(() => client.close());
}

/** One call by HTTP. @returns the status, or the error's code. */
function callHttp(port: number, { ca, own }: Caller, host = "localhost"): Promise<number | string> {
  return new Promise((resolve) => {
    const call = httpsRequest(
      { host, port, path: "/v1/payments", agent: false, ca, ...(own && { cert: own.cert, key: own.key }) },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.end();
  });
}

/** The error with which a connection ends, or the protocol that was agreed on. */
function shakeHands(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connectTls({ host: "localhost", servername: "localhost", port, ...options }, () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe("the doors with TLS", () => {
  let gateway: GatewayForTests;
  let ports: { readonly grpc: number; readonly http: number };
  before(async () => {
    gateway = await startSecureGateway(await authority.issue("gateway"));
    ports = portsOf(gateway);
  });
  after(() => gateway.stop());

  it("answer who trusts their authority", async () => {
    const trusting = { ca: authority.ca };
    expect(await callHttp(ports.http, trusting)).to.equal(401);
    expect(await callGrpc(ports.grpc, trusting)).to.have.property("code", status.UNAUTHENTICATED);
  });

  it("are refused by who trusts another", async () => {
    const wrong = { ca: stranger.ca };
    expect(await callHttp(ports.http, wrong)).to.match(/UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET/);
    expect((await callGrpc(ports.grpc, wrong)).code).to.be.oneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);
  });

  it("answer nothing in plain text, and close", async () => {
    for (const port of Object.values(ports)) {
      const socket = connectPlain(port, "127.0.0.1");
      const said: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => said.push(chunk));
      socket.on("error", () => undefined);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write("GET /v1/payments HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await closed;
      // At most a TLS alert.
      expect(Buffer.concat(said).toString("latin1")).not.to.contain("HTTP/1.1");
    }
  });

  it("speak TLS 1.3 and 1.2, and nothing older", async () => {
    for (const [name, port] of Object.entries(ports)) {
      const base = { ca: authority.ca, ...(name === "grpc" && { ALPNProtocols: ["h2"] }) };
      expect(await shakeHands(port, base)).to.equal("TLSv1.3");
      expect(await shakeHands(port, { ...base, maxVersion: "TLSv1.2" })).to.equal("TLSv1.2");
      // OpenSSL's own level would refuse 1.1 on our side already.
      const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      expect(await shakeHands(port, { ...base, ...old }), name).to.match(/PROTOCOL_VERSION/);
      const weak = { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" } as const;
      expect(await shakeHands(port, { ...base, ...weak }), name).to.match(/HANDSHAKE_FAILURE/);
    }
  });

  it("do not speak HTTP/2 with who does not ask for it by ALPN", async () => {
    expect(await shakeHands(ports.grpc, { ca: authority.ca, ALPNProtocols: ["http/1.1"] })).to.match(/NO_APPLICATION/);
  });
});

describe("doors whose certificate is not good", () => {
  async function outcomes(certificate: IssuedCertificate): Promise<(number | string)[]> {
    const gateway = await startSecureGateway(certificate);
    try {
      const { grpc, http } = portsOf(gateway);
      const caller = { ca: authority.ca };
      return [await callHttp(http, caller), (await callGrpc(grpc, caller)).code];
    } finally {
      await gateway.stop();
    }
  }

  it("are refused when it bears another name", async () => {
    const [http, grpc] = await outcomes(await authority.issue("gateway", { names: [{ type: "dns", value: "other" }] }));
    expect(http).to.equal("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(grpc).to.be.oneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);
  });

  it("are refused when it has expired", async () => {
    const [notBefore, notAfter] = [new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000)];
    const [http, grpc] = await outcomes(await authority.issue("gateway", { notBefore, notAfter }));
    expect(http).to.equal("CERT_HAS_EXPIRED");
    expect(grpc).to.be.oneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);
  });
});

describe("certificates of callers", () => {
  for (const [clientAuth, withoutOne] of [
    ["required", "refused"],
    ["optional", "let in"],
    ["none", "let in"],
  ] as const) {
    it(`are ${clientAuth}: who has none is ${withoutOne}`, async () => {
      const gateway = await startSecureGateway(await authority.issue("gateway"), { TLS_CLIENT_AUTH: clientAuth });
      try {
        const { grpc, http } = portsOf(gateway);
        const { ca } = authority;
        const isIn = async (own?: IssuedCertificate) => {
          const caller = { ca, ...(own && { own }) };
          const answers = [await callHttp(http, caller), (await callGrpc(grpc, caller)).code];
          expect(answers[0] === 401).to.equal(answers[1] === status.UNAUTHENTICATED);
          return answers[0] === 401 ? "let in" : "refused";
        };
        expect(await isIn(await authority.issue("merchant"))).to.equal("let in");
        expect(await isIn()).to.equal(withoutOne);
        const [notBefore, notAfter] = [new Date(Date.now() - 7_200_000), new Date(Date.now() - 3_600_000)];
        const bad = [await stranger.issue("merchant"), await authority.issue("merchant", { notBefore, notAfter })];
        // Who is asked for none may show what it likes.
        for (const own of bad) expect(await isIn(own)).to.equal(clientAuth === "none" ? "let in" : "refused");
      } finally {
        await gateway.stop();
      }
    });
  }

  it("need an authority to be judged by", async () => {
    const problem = await startSecureGateway(await authority.issue("gateway"), {
      TLS_CLIENT_AUTH: "required",
      TLS_CA_FILE: "",
    }).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(problem).to.contain("TLS_CLIENT_AUTH is required").and.contain("TLS_CA_FILE");
  });
});

describe("a certificate that is replaced under load", () => {
  it("is used by new connections, while no call fails and none that is open is cut", async () => {
    const gateway = await startSecureGateway(await authority.issue("gateway"));
    const { grpc, http } = portsOf(gateway);
    const serialOf = () => serialNumber(http, authority.ca);
    const calls = { made: 0, failed: [] as unknown[] };
    let over = false;
    const kept = new PaymentServiceClient(`localhost:${grpc}`, credentials.createSsl(Buffer.from(authority.ca)));
    async function keepCalling(call: () => Promise<boolean>): Promise<void> {
      while (!over) {
        calls.made += 1;
        if (!(await call())) calls.failed.push(call.toString());
      }
    }
    const onOneConnection = () =>
      new Promise<boolean>((resolve) => {
        kept.getPayment({ id: "p", requestId: "" }, new Metadata(), (error) =>
          resolve(error?.code === status.UNAUTHENTICATED),
        );
      });
    const onNewConnections = async () => (await callHttp(http, { ca: authority.ca })) === 401;
    const load = [keepCalling(onOneConnection), keepCalling(onNewConnections), keepCalling(onNewConnections)];
    try {
      for (let turn = 0; turn < 3; turn += 1) {
        const before = await serialOf();
        await writeCertificate(folder, "gateway", await authority.issue("gateway"), authority.ca);
        await eventually("a new connection has the new certificate", async () => (await serialOf()) !== before);
      }
    } finally {
      over = true;
      await Promise.all(load);
      kept.close();
      await gateway.stop();
    }
    expect(calls.failed).to.deep.equal([]);
    expect(calls.made).to.be.greaterThan(20);
  });

  it("is kept when the new one cannot be used, which is told once", async () => {
    const certificate = await authority.issue("gateway");
    const gateway = await startSecureGateway(certificate);
    const { http } = portsOf(gateway);
    try {
      const before = await serialNumber(http, authority.ca);
      const { cert } = await authority.issue("gateway");
      // The certificate without its key: half of a change.
      await writeCertificate(folder, "gateway", { cert, key: certificate.key }, authority.ca);
      const complaints = () => gateway.log.lines().filter(({ msg }) => /cannot be used/.test(String(msg)));
      await eventually("it is told", async () => complaints().length > 0);
      expect(JSON.stringify(complaints())).to.contain("does not belong to the first certificate");
      expect(await serialNumber(http, authority.ca)).to.equal(before);
      expect(complaints()).to.have.length(1);
      const good = await authority.issue("gateway");
      await writeCertificate(folder, "gateway", good, authority.ca);
      await eventually("a good one is used", async () => (await serialNumber(http, authority.ca)) !== before);
    } finally {
      await gateway.stop();
    }
  });
});

/** That of the certificate that a new connection is shown. */
function serialNumber(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "localhost", servername: "localhost", port, ca }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
