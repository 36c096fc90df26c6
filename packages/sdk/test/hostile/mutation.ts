/** What a hostile or broken peer may make of one frame, drawn by fast-check. */
import fc from "fast-check";
import { frame, performative } from "./frames.js";

/** A frame becomes these bytes. */
export interface Mutation {
  readonly name: string;
  /** Where in the frame, from 0 to 1. */
  readonly where: number;
  readonly value: number;
}

const ANY_ID = "70ffffffff";
const ALL = ["43", ANY_ID] as const;
/** Frames that are well formed, and make no sense: a peer's word on what was never sent, or on links that are not. */
const SENSELESS = [
  // Dispositions of deliveries that are not, by every outcome, from both roles.
  ...["00532445", "00532545", "00532645", "00532745", "00533445", "40", "00533345", "a10161"].flatMap((state) => [
    performative(0x15, "41", ...ALL, "41", state),
    performative(0x15, "42", ...ALL, "41", state),
    performative(0x15, "41", "5207", "5203", "41", state),
    performative(0x15, "41", "43", "40", "42", state),
  ]),
  // Transfers: on a handle that is not, without an id, of another format, aborted, without an end.
  `${performative(0x14, "5263", "43", "a00100", "43", "41", "42")}005377a10161`,
  `${performative(0x14, "43", "40", "a00100", "43", "42", "42")}005377a10161`,
  `${performative(0x14, "43", "5263", "a00100", "5207", "42", "42")}ffff`,
  performative(0x14, "43", "5263", "a00100", "43", "42", "41"),
  performative(0x14, "43", "5263", "a00100", "43", "42", "42", "40", "40", "42", "41"),
  performative(0x14, "43", "43", "a00100", "43", "42", "42"),
  // Flows: absurd windows and credit, on a link that is not, of the wrong types.
  performative(0x13, ANY_ID, "43", ANY_ID, "43", "43", "43", ANY_ID),
  performative(0x13, "43", ANY_ID, "43", ANY_ID, "5263", "43", ANY_ID),
  performative(0x13, "a10161", "41", "a10161", "41", "43", "a10161", "a10161"),
  // Links, sessions and the connection: opened twice, ended although they are not, without a reason, or with an odd one.
  performative(0x12, "a10161", "43", "41"),
  performative(0x12, "a10161", "5263", "42"),
  performative(0x12, "40", "43", "42", "40", "40", "005328c00101", "005329c00101"),
  performative(0x16, "43", "41"),
  performative(0x16, "5263", "41"),
  performative(0x16, "43", "41", "00531dc00a03a10161a1016101"),
  performative(0x11, "40", "43", "43", "43"),
  performative(0x11, "6000ff", "43", "43", "43"),
  performative(0x17),
  performative(0x17, "a10161"),
  performative(0x10, "40"),
  performative(0x10, "a10161"),
  performative(0x18),
  performative(0x18, "00531dc00401a30161"),
  // No performative at all, one that nobody knows, and values that claim more than they are.
  "40",
  "a10161",
  performative(0x63, "43"),
  "005315c0ff0141",
  performative(0x10, "f000000005ee6b280040"),
  `005310c0${"c0ff01".repeat(300)}`,
  performative(0x44, "43"),
  performative(0x40, "a10161"),
];

/** Codes of AMQP types, which make a value another one where they take a place. */
const TYPES = [
  0x00, 0x40, 0x41, 0x43, 0x44, 0x45, 0x50, 0x53, 0x70, 0x80, 0x98, 0xa0, 0xa1, 0xa3, 0xb0, 0xc0, 0xd0, 0xf0,
];
const SIZES = [0, 1, 7, 9, 512, 0x00ff_ffff, 0x7fff_ffff, 0xffff_ffff];

const MAKERS: Readonly<Record<string, (whole: Buffer, at: number, value: number) => Buffer[]>> = {
  flip: (whole, at, value) => [withByte(whole, at, (whole[at] ?? 0) ^ (1 + (value % 255)))],
  retype: (whole, at, value) => [withByte(whole, at, TYPES[value % TYPES.length] ?? 0)],
  shorten: (whole, at) => [resized(whole.subarray(0, at))],
  "cut out": (whole, at, value) => [
    resized(Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1 + (value % 8))])),
  ],
  lengthen: (whole, _at, value) => [resized(Buffer.concat([whole, Buffer.alloc(1 + (value % 64), value & 0xff)]))],
  "end early": (whole, at) => [whole.subarray(0, at)],
  "say another size": (whole, _at, value) => [withSize(whole, SIZES[value % SIZES.length] ?? 0)],
  drop: () => [],
  repeat: (whole) => [whole, whole],
  "senseless before": (whole, _at, value) => [senseless(whole, value), whole],
  "senseless instead": (whole, _at, value) => [senseless(whole, value)],
  garbage: (whole, _at, value) => [whole, Buffer.alloc(1 + (value % 4_096), value & 0xff)],
};

const HEAD = 8;

export const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  name: fc.constantFrom(...Object.keys(MAKERS)),
  where: fc.nat(999).map((thousandths) => thousandths / 1_000),
  value: fc.nat(),
});

/** What arrives instead of a frame. */
export function mutated(whole: Buffer, { name, where, value }: Mutation): Buffer {
  const at = HEAD + Math.floor(where * Math.max(0, whole.length - HEAD));
  return Buffer.concat(MAKERS[name]?.(whole, at, value) ?? [whole]);
}

function withByte(whole: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(whole);
  if (at < changed.length) changed[at] = byte;
  return changed;
}

function withSize(whole: Buffer, size: number): Buffer {
  const changed = Buffer.from(whole);
  changed.writeUInt32BE(size);
  return changed;
}

function resized(whole: Buffer): Buffer {
  return withSize(whole, whole.length);
}

/** On the channel of the frame whose place it takes. */
function senseless(whole: Buffer, value: number): Buffer {
  return frame(SENSELESS[value % SENSELESS.length] ?? "", whole.readUInt16BE(6));
}
