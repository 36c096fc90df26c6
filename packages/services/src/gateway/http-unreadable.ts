/** Answers to what is no HTTP at all, which never reaches a path: in the same form as other problems. */
import type { Socket } from "node:net";
import { ApiError } from "./api-error.js";
import { problemOf } from "./http-problem.js";
import { continueTrace, TRACE_HEADER } from "./trace-context.js";

/** Answers a connection whose request Node could not read, and ends it. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) return void socket.destroy(error);
  const traceparent = continueTrace(undefined);
  const { status, title, headers, body } = problemOf(apiErrorOf(error.code), traceparent);
  const lines = Object.entries({
    ...headers,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    [TRACE_HEADER]: traceparent,
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join("")}\r\n${body}`, () => socket.destroy(error));
}

function apiErrorOf(code: string | undefined): ApiError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ApiError("INVALID_ARGUMENT", "HEADERS_TOO_LARGE", "The request's headers are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ApiError("INVALID_ARGUMENT", "REQUEST_TIMEOUT", "The request took too long to arrive.");
    default:
      return new ApiError("INVALID_ARGUMENT", "MALFORMED_REQUEST", "The request is not HTTP.");
  }
}
