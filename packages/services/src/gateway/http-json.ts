/** Protobuf's JSON mapping for the HTTP door: bodies, as text, of the messages of payments. */
import { messageFromJson } from "../shared/json-reader.js";
import { messageToJson } from "../shared/json-writer.js";
import { messageDescriptor } from "./api-descriptor.js";
import type { Violation } from "./api-error.js";
import { parseJsonObject } from "./json-text.js";

/** How ts-proto's types are made. */
interface Codec<T> {
  fromPartial(fields: object): T;
}

/** A request as far as it could be read, and what in it does not fit its type. */
export interface ReadRequest<T> {
  readonly request: T;
  readonly violations: readonly Violation[];
}

/**
 * Reads a JSON body; one that did not come is empty.
 * @param orNone for a request that needs nothing of its body: an empty one is an empty object
 * @throws ApiError INVALID_ARGUMENT when it is no JSON object. The sentence never holds any of the body.
 */
export function readJson<T>(name: string, codec: Codec<T>, body: unknown, orNone?: "or none"): ReadRequest<T> {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array();
  const json = orNone && bytes.length === 0 ? {} : parseJsonObject(bytes);
  const { message, violations } = messageFromJson(messageDescriptor(name), json);
  return { request: codec.fromPartial(message), violations };
}

/** Writes a message of the API, by its short name, as JSON text. `message` is of ts-proto's type of that name. */
export function writeJson<Message extends object>(name: string, message: Message): string {
  return JSON.stringify(messageToJson(messageDescriptor(name), message));
}
