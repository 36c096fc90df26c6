/** Requests in protobuf's wire form, strictly: what is malformed becomes an error that a call can be answered with. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ServerInterceptingCall, type ServerInterceptor, type ServiceDefinition, status } from "@grpc/grpc-js";
import { ApiError } from "./api-error.js";

/** Stands for a request that could not be read. gRPC's own answer would be INTERNAL, before anybody was authenticated. */
const MALFORMED = Symbol("malformed");

/** Reads strings as proto3 has them: what is not UTF-8 is an error, and not replaced. */
class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

/** The same service, whose requests arrive even when they are malformed; {@link readRequest} tells. */
export function withStrictRequests<Service extends ServiceDefinition>(service: Service): Service {
  const methods = Object.entries(service).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: (bytes: Buffer) => readOrMark(bytes, method.requestDeserialize) },
  ]);
  return Object.fromEntries(methods) as Service;
}

/**
 * Lets a message whose compressed bytes are damaged arrive as one that is malformed.
 *
 * grpc-js 1.14 ends such a call with INTERNAL by itself, past every interceptor, and before anybody was authenticated.
 * It must be the first interceptor, which is given the call that decompresses. When grpc-js tells such an error to the
 * handler, or answers INVALID_ARGUMENT, this can go; its tests show when it no longer takes effect.
 */
export const damagedIsMalformed: ServerInterceptor = (_method, call) => {
  const decompressing = call as unknown as { decompressMessage(message: Buffer, encoding: string): unknown };
  const decompress = decompressing.decompressMessage;
  decompressing.decompressMessage = async (message, encoding) => {
    try {
      return await decompress.call(call, message, encoding);
    } catch (error) {
      if ((error as { code?: unknown }).code !== status.INTERNAL) throw error;
      return NO_MESSAGE;
    }
  };
  return new ServerInterceptingCall(call);
};

/** Wire type 7, which does not exist. */
const NO_MESSAGE = Buffer.from([0x0f]);

/**
 * The field with number 1 of a nested message, which is the key of a map's entry, with the value `__proto__`: ts-proto's
 * decoders lose such an entry, because they set it as a property. No nested message may have it in another field.
 */
const LOST_KEY = Buffer.from("\x0a\x09__proto__", "latin1");

/** The request of a call. @throws ApiError INVALID_ARGUMENT when it was malformed. */
export function readRequest<Request>(request: Request): Request {
  if ((request as unknown) !== MALFORMED) return request;
  throw new ApiError("INVALID_ARGUMENT", "MALFORMED_BODY", "The request is not in protobuf's wire form.");
}

function readOrMark(bytes: Buffer, deserialize: (bytes: Buffer) => unknown): unknown {
  try {
    // ts-proto's decoders stop at an end-group tag and at tag 0 without an error: what they would leave is looked for.
    const fields = new BinaryReader(bytes);
    while (fields.pos < fields.len) {
      const [, wireType] = fields.tag();
      const start = fields.pos;
      fields.skip(wireType);
      if (bytes.subarray(start, fields.pos).includes(LOST_KEY)) return MALFORMED;
    }
    const reader = new StrictReader(bytes);
    // They take a reader as well as bytes.
    const request = deserialize(reader as unknown as Buffer);
    return reader.pos === bytes.length ? request : MALFORMED;
  } catch {
    return MALFORMED;
  }
}
