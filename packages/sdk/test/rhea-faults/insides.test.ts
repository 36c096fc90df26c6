/**
 * The SDK is written against rhea's insides: members that rhea does not publish, which it calls, or puts its own in place
 * of (`src/amqp/rhea-types.ts` and `src/amqp/server/rhea-server.ts` name them). So it takes one exact version, and a newer
 * one fails here until somebody has read what changed in each of them.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "chai";
import rhea from "rhea";

const require = createRequire(import.meta.url);

type Insides = Readonly<Record<string, unknown>>;

/** By class: its members that the SDK touches, and the digest of their code in rhea 3.0.5. */
const TOUCHED: readonly (readonly [name: string, members: readonly string[], digest: string])[] = [
  [
    "Connection",
    ["accept", "init", "input", "output", "on_begin", "sasl_failed", "_register", "_process", "_disconnected"],
    "a1e5e4b627416630",
  ],
  [
    "Session",
    [
      ...["output", "create_sender", "create_receiver", "remove_link", "on_attach", "on_disposition", "on_flow"],
      ...["on_transfer", "_process", "_write_flow"],
    ],
    "fd533685f79eecd2",
  ],
  ["Outgoing", ["available", "compute_max_payload", "send", "on_disposition", "process"], "c9a6ab1f721b6dad"],
  ["Incoming", ["on_transfer", "process"], "709a032794f40ec8"],
  ["Sender", ["on_attach", "on_detach", "on_flow", "send", "remove", "_get_drain", "_process"], "0d76ad2666d5b897"],
  ["Receiver", ["on_flow", "flow", "_get_drain"], "d27537a4fff8d351"],
  ["Transport", ["read", "write", "peek_size", "has_writes_pending"], "8f40476e2d0b565d"],
  ["SaslClient", ["on_sasl_mechanisms", "on_sasl_outcome"], "1b9727956ab5ef8c"],
];

function insides(): Readonly<Record<string, Insides>> {
  const connection = rhea.create_container().create_connection({} as never);
  const session = connection.create_session() as unknown as Insides & {
    create_sender(name: string): Insides;
    create_receiver(name: string): Insides;
  };
  const { transport } = connection as unknown as { readonly transport: Insides };
  const sasl = require("rhea/lib/sasl.js") as { Client: new (connection: object, mechanisms: object) => Insides };
  return {
    Connection: connection as unknown as Insides,
    Session: session,
    Outgoing: session.outgoing as Insides,
    Incoming: session.incoming as Insides,
    Sender: session.create_sender("sender"),
    Receiver: session.create_receiver("receiver"),
    Transport: transport,
    SaslClient: new sasl.Client(connection, {}),
  };
}

describe("The insides of rhea that the SDK stands on", () => {
  it("are of one exact version, which is the one that is installed", () => {
    const ours = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      readonly dependencies: { readonly rhea: string };
    };
    const { version } = require("rhea/package.json") as { readonly version: string };
    expect(ours.dependencies.rhea)
      .to.equal(version)
      .and.to.match(/^\d+\.\d+\.\d+$/);
  });

  const found = insides();
  for (const [name, members, digest] of TOUCHED) {
    it(`are in ${name} as they were read`, () => {
      const codes = members.map((member) => {
        const code = found[name]?.[member];
        expect(code, `${name}.${member}`).to.be.a("function");
        return String(code);
      });
      const seen = createHash("sha256").update(codes.join("\n")).digest("hex").slice(0, 16);
      expect(seen, `Read what is new in ${name}'s ${members.join(", ")}, and then put its digest here`).to.equal(
        digest,
      );
    });
  }
});
