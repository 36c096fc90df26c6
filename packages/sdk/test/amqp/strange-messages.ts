/** Messages of other AMQP clients, written byte by byte: what JMS has no name for, and what is no JMS message at all. */

function sized(code: number, count: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const head = Buffer.alloc(9);
  head[0] = code;
  head.writeUInt32BE(content.length + 4, 1);
  head.writeUInt32BE(count, 5);
  return Buffer.concat([head, content]);
}

const list = (...fields: readonly Buffer[]) => sized(0xd0, fields.length, ...fields);
const map = (...entries: readonly Buffer[]) => sized(0xd1, entries.length, ...entries);
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const short = (code: number, content: string | Buffer) =>
  Buffer.concat([Buffer.from([code, Buffer.byteLength(content)]), Buffer.from(content)]);
const string = (text: string) => short(0xa1, text);
const symbol = (text: string) => short(0xa3, text);
const binary = (bytes: Buffer) => short(0xa0, bytes);
const section = (code: number, content: Buffer) => Buffer.concat([Buffer.from([0x00, 0x53, code]), content]);

const NULL = hex("40");
const NO_UTF8 = hex("ff fe 80 41");
const ULONG_MAXIMUM = hex("80 ff ff ff ff ff ff ff ff");

const HEADER = section(0x70, list(hex("41"), hex("50 07")));
const ANNOTATIONS = section(
  0x72,
  map(symbol("x-opt-vendor"), ULONG_MAXIMUM, symbol("x-opt-jms-dest"), hex("51 00"), symbol("x-opt-kind"), string("k")),
);
const PROPERTIES = section(
  0x73,
  list(
    hex("98 00112233445566778899aabbccddeeff"), // message-id, a uuid
    binary(NO_UTF8), // user-id
    string("in"), // to
    string("subject"),
    string("replies"), // reply-to
    ULONG_MAXIMUM, // correlation-id
    symbol("text/plain; charset=x-unknown"), // content-type
    symbol("x-packed"), // content-encoding
    NULL, // absolute-expiry-time
    hex("83 00 00 01 80 00 00 00 00"), // creation-time
    string("group"),
    hex("70 ff ff ff ff"), // group-sequence
    string("reply-group"),
  ),
);
const APPLICATION_PROPERTIES = section(
  0x74,
  map(
    ...[string("content-encoding"), string("gzip"), string("x-trace"), hex("41"), string("big"), ULONG_MAXIMUM],
    ...[string("decimal"), hex("84 22 30 00 00 00 00 00 07"), string("symbol"), symbol("s"), string("nothing"), NULL],
    ...[string("when"), hex("83 00 00 01 80 00 00 00 00"), string("unsigned"), hex("50 ff")],
    ...[
      string("select"),
      string("fine"),
      string("NOT"),
      string("a word of selectors"),
      string("JMSXGroupID"),
      string("g"),
    ],
  ),
);
const FOOTER = section(0x78, map(symbol("x-opt-sum"), binary(NO_UTF8)));

/** Bodies as sections. */
const BODIES: Readonly<Record<string, Buffer>> = {
  "several data sections that are no UTF-8": Buffer.concat([
    section(0x75, binary(NO_UTF8)),
    section(0x75, binary(hex("00 01"))),
  ]),
  "several sequences": Buffer.concat([section(0x76, list(hex("43"), NULL)), section(0x76, list(symbol("s")))]),
  "a map with keys that are no strings": section(0x77, map(hex("52 05"), string("five"), ULONG_MAXIMUM, hex("42"))),
  "a decimal": section(0x77, hex("94 22 08 00 00 00 00 00 00 00 00 00 00 00 00 00 01")),
  "a described type": section(0x77, Buffer.concat([Buffer.from([0x00]), symbol("vendor:point"), list(hex("43"))])),
  "a string that is no UTF-8": section(0x77, short(0xa1, NO_UTF8)),
  "an array of symbols": section(0x77, hex("e0 06 02 a3 01 61 01 62")),
};

/** Whole messages, by what is odd about their bodies; all else is odd about each. */
export function strangeMessages(): [what: string, payload: Buffer][] {
  return Object.entries(BODIES).map(([what, body]) => [
    what,
    Buffer.concat([HEADER, ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES, body, FOOTER]),
  ]);
}

/** Bytes that end within a section. */
export function brokenMessage(): Buffer {
  return Buffer.concat([HEADER, PROPERTIES, section(0x77, hex("a1 ff 41"))]);
}
