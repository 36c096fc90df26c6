/** The text of a body, in the character set and encoding that it names: it is honoured or refused, and never guessed. */
import { isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import { rawSections } from "./raw-sections.js";

/** What a body says of its bytes. */
export interface TextProperties {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** A body that cannot be read as text: its bytes, and why. */
export interface Unreadable {
  readonly bytes: Buffer;
  readonly failure: string;
}

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]{1,40})/i;
/** What a decoder of UTF-8 writes in place of bytes that are none. */
const REPLACEMENT = "\ufffd";
/** A descriptor of one byte, a type code, and a length of one byte or four. */
const SHORT_HEAD = 5;
const LONG_HEAD = 8;
const STRING_32 = 0xb1;

/** Reads the text of one or several data sections. */
export function textOfData(bytes: Buffer, { contentType, contentEncoding }: TextProperties): string | Unreadable {
  if (isEncoded(contentEncoding)) {
    return { bytes, failure: `its content encoding is ${shown(contentEncoding)}, which is not undone here` };
  }
  const charset = CHARSET.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  if (charset === "utf-8" || charset === "us-ascii" || charset === "utf8") {
    return isUtf8(bytes) ? bytes.toString("utf8") : { bytes, failure: `its text is not ${charset}` };
  }
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    return { bytes, failure: `its character set ${shown(charset)} is not known here` };
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return { bytes, failure: `its text is not ${shown(charset)}` };
  }
}

/** Whether the bytes of a body are not those of what its content type names. */
export function isEncoded(contentEncoding: string | undefined): contentEncoding is string {
  return contentEncoding !== undefined && contentEncoding !== "" && contentEncoding.toLowerCase() !== "identity";
}

/** Checks a text that came as an AMQP string. @returns why it cannot be read, if so. */
export function unreadableString(text: string, payload: Buffer): Unreadable | undefined {
  // Most texts hold no such character, and those that do may mean it.
  if (!text.includes(REPLACEMENT)) return undefined;
  const [section = Buffer.alloc(0)] = rawSections(payload).body;
  const bytes = section.subarray(section[SHORT_HEAD - 2] === STRING_32 ? LONG_HEAD : SHORT_HEAD);
  return isUtf8(bytes) ? undefined : { bytes, failure: "its text is not utf-8" };
}

function shown(name: string): string {
  return name.replaceAll(/[^\w.+-]/g, "?").slice(0, 40);
}
