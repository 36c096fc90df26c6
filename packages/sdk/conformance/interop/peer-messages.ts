/** Messages as other AMQP clients send them, and what a reader of the SDK sees of each. */
import type { Message } from "@quittance/sdk";
import type { PeerMessage, Typed } from "./amqp-peer.js";

const TEXT = "Ünï 漢字";
const UUID = "8e3c1b1a-5b1d-4c35-9f5f-4d3c2b1a0f0e";
/** After 2038, and with a part of a second. */
const WHEN = 4_102_444_800_123;
const NO_UTF8 = Buffer.of(0xff, 0xfe, 0x80, 0x41);
const binary = (bytes: Uint8Array): Typed => ["binary", Buffer.from(bytes).toString("base64")];

/** What is odd about all of them, around the body. */
export const AROUND = {
  durable: true,
  priority: 7,
  annotations: {
    "x-opt-vendor": ["ulong", "18446744073709551615"],
    "x-opt-when": ["timestamp", `${WHEN}`],
    "x-opt-list": ["list", [["short", "-300"], ["null"]]],
  },
  properties: {
    messageId: ["uuid", UUID],
    subject: ["string", "type-1"],
    replyTo: ["string", "replies"],
    correlationId: ["ulong", "18446744073709551615"],
    contentEncoding: ["symbol", "x-packed"],
    groupId: ["string", "group-1"],
    groupSequence: ["uint", "4294967295"],
    replyToGroupId: ["string", "group-2"],
  },
  application: {
    "content-encoding": ["string", "gzip"],
    "x-trace": ["boolean", true],
    anInt: ["int", "-70000"],
    aLong: ["long", "-9223372036854775808"],
    anUnsigned: ["ulong", "18446744073709551615"],
    aFloat: ["float", "1.5"],
    aDouble: ["double", "2.25"],
    aTime: ["timestamp", `${WHEN}`],
    aString: ["string", TEXT],
  },
} satisfies Partial<PeerMessage>;

export interface PeerBody {
  readonly what: string;
  readonly sent: Pick<PeerMessage, "data" | "sequences" | "value" | "footer">;
  readonly kind: Message["kind"];
  readonly body: unknown;
}

const EVERY_TYPE: readonly (readonly [Typed, unknown])[] = [
  [["null"], null],
  [["boolean", false], false],
  [["byte", "-5"], -5],
  [["short", "-300"], -300],
  [["int", "-70000"], -70_000],
  [["long", "-9223372036854775808"], -9_223_372_036_854_775_808n],
  [["ubyte", "255"], 255],
  [["ushort", "65535"], 65_535],
  [["uint", "4294967295"], 4_294_967_295],
  [["ulong", "18446744073709551615"], 18_446_744_073_709_551_615n],
  [["float", "1.5"], 1.5],
  [["double", "2.25"], 2.25],
  [["timestamp", `${WHEN}`], WHEN],
  [["uuid", UUID], UUID],
  [binary(NO_UTF8), NO_UTF8],
  [["string", TEXT], TEXT],
  [
    [
      "list",
      [
        ["long", "1"],
        ["list", []],
      ],
    ],
    [1, []],
  ],
  [
    [
      "map",
      [
        [
          ["string", "k"],
          ["int", "7"],
        ],
      ],
    ],
    { k: 7 },
  ],
];
const TYPES = EVERY_TYPE.map(([typed]) => typed);
const VALUES = EVERY_TYPE.map(([, value]) => value);

export const BODIES: readonly PeerBody[] = [
  { what: "one data section", sent: { data: [binary(NO_UTF8)] }, kind: "bytes", body: NO_UTF8 },
  { what: "a value of every type", sent: { value: ["list", TYPES] }, kind: "object", body: VALUES },
  { what: "a sequence of every type", sent: { sequences: [TYPES] }, kind: "object", body: VALUES },
  { what: "a string", sent: { value: ["string", TEXT] }, kind: "text", body: TEXT },
  {
    what: "a map with keys that are no strings",
    sent: {
      value: [
        "map",
        [
          [
            ["long", "5"],
            ["string", "five"],
          ],
        ],
      ],
    },
    kind: "object",
    body: new Map([[5, "five"]]),
  },
];

/** go-amqp alone writes several sections, and a footer. */
export const SECTIONS: readonly PeerBody[] = [
  {
    what: "three data sections and a footer",
    sent: {
      data: [binary(Buffer.of(0)), binary(NO_UTF8), binary(Buffer.from("end"))],
      footer: { "x-opt-sum": binary(NO_UTF8) },
    },
    kind: "bytes",
    body: Buffer.concat([Buffer.of(0), NO_UTF8, Buffer.from("end")]),
  },
  {
    what: "two sequences",
    sent: { sequences: [[["int", "1"], ["null"]], [["string", "two"]]] },
    kind: "object",
    body: [1, null, "two"],
  },
];

/** Proton alone writes these types. */
export const RARE_TYPES: readonly PeerBody[] = [
  {
    what: "a described type",
    sent: {
      value: [
        "described",
        ["symbol", "vendor:point"],
        [
          "list",
          [
            ["int", "1"],
            ["long", "2"],
          ],
        ],
      ],
    },
    kind: "object",
    body: [1, 2],
  },
  {
    what: "a type described by a number, within a list",
    sent: { value: ["list", [["described", ["ulong", "73014444034"], ["string", "inner"]]]] },
    kind: "object",
    body: ["inner"],
  },
  ...(
    [
      ["decimal32", "22500007"],
      ["decimal64", "2230000000000007"],
      ["decimal128", "22080000000000000000000000000001"],
    ] as const
  ).map(([type, hex]) => ({
    what: `a ${type}`,
    sent: { value: [type, hex] } as const,
    kind: "object" as const,
    body: Buffer.from(hex, "hex"),
  })),
  { what: "a char beyond 16 bits", sent: { value: ["char", "𝄞"] }, kind: "object", body: "𝄞" },
  { what: "a symbol", sent: { value: ["symbol", "vendor"] }, kind: "object", body: "vendor" },
];

/** Each form of an id: on the wire, and as JMS has it. */
export const IDS: readonly (readonly [form: string, typed: Typed, jms: string])[] = [
  ["a string", ["string", "plain"], "ID:AMQP_NO_PREFIX:plain"],
  ["a uuid", ["uuid", UUID], `ID:AMQP_UUID:${UUID}`],
  ["a ulong", ["ulong", "18446744073709551615"], "ID:AMQP_ULONG:18446744073709551615"],
  ["a binary", binary(Buffer.of(0, 0xff, 0x10)), "ID:AMQP_BINARY:00FF10"],
];
