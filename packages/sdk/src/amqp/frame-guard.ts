/**
 * Stands between the socket and rhea. rhea waits for a frame of any size that a peer announces, trusts what is inside,
 * and decodes transfers and dispositions by way of many small objects; here frames are measured and checked first, and
 * the embedded broker takes the two frequent kinds another way.
 */
import { checkValue } from "./checked-value.js";
import { DecodeError } from "./codec-reader.js";
import type { RheaTransport } from "./rhea-types.js";

const PROTOCOL_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 8;

export interface FrameGuardOptions {
  /** The largest frame that is read. */
  readonly maximumBytes: number;
  /** Takes a frame that is not for rhea; false leaves it to rhea. */
  take(frame: Buffer): boolean;
  /** Called after all whole frames of a read were acted on. */
  onRead(): void;
  /** Called once, when the peer sent what cannot be understood; nothing more is read from it. */
  onError(error: Error): void;
}

export function guardFrames(transport: RheaTransport, options: FrameGuardOptions): void {
  const read = transport.read;
  let failed = false;
  transport.read = (buffer) => {
    if (failed) return buffer.length;
    try {
      const used = readFrames(transport, read, buffer, options);
      options.onRead();
      return used;
    } catch (error) {
      failed = true;
      options.onError(error instanceof Error ? error : new Error(String(error)));
      return buffer.length;
    }
  };
}

function readFrames(
  transport: RheaTransport,
  read: RheaTransport["read"],
  buffer: Buffer,
  options: FrameGuardOptions,
): number {
  let at = 0;
  if (!transport.header_received) {
    if (buffer.length < PROTOCOL_HEADER_BYTES) return 0;
    read.call(transport, buffer.subarray(0, PROTOCOL_HEADER_BYTES));
    at = PROTOCOL_HEADER_BYTES;
  }
  while (!transport.read_complete && buffer.length - at >= 4) {
    const size = buffer.readUInt32BE(at);
    if (size < FRAME_HEADER_BYTES || size > options.maximumBytes) {
      throw new DecodeError(`a frame of ${size} bytes is not within ${FRAME_HEADER_BYTES} and ${options.maximumBytes}`);
    }
    if (buffer.length - at < size) break;
    const frame = buffer.subarray(at, at + size);
    at += size;
    const body = (frame[4] as number) * 4;
    if (body < FRAME_HEADER_BYTES || body > size) throw new DecodeError("a frame's data offset is beyond it");
    // An empty frame only says that the peer lives.
    if (body === size || options.take(frame)) continue;
    checkValue(frame, body, size);
    read.call(transport, frame);
  }
  return at;
}
