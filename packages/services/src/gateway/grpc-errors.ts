/** Errors as gRPC tells them: a code and a sentence, and `google.rpc.Status` with its details (AIP-193). */
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import type { Any } from "../gen/google/protobuf/any.js";
import { BadRequest, ErrorInfo, QuotaFailure, RetryInfo } from "../gen/google/rpc/error_details.js";
import { Status } from "../gen/google/rpc/status.js";
import type { ApiError } from "./api-error.js";

/** `google.rpc.ErrorInfo.domain` of every reason. */
export const ERROR_DOMAIN = "quittance";

/** Where gRPC carries the serialised `google.rpc.Status`. */
const DETAILS_KEY = "grpc-status-details-bin";

/** The status that ends a call with this error. */
export function grpcStatus(error: ApiError): StatusObject {
  const code = status[error.code];
  const details = [
    any(
      "google.rpc.ErrorInfo",
      ErrorInfo.encode({ reason: error.reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata } }),
    ),
  ];
  if (error.violations.length > 0) {
    const fieldViolations = error.violations.map(({ field, description }) => ({ field, description, reason: "" }));
    details.push(any("google.rpc.BadRequest", BadRequest.encode({ fieldViolations })));
  }
  if (error.retryAfterMs !== undefined) {
    const seconds = BigInt(Math.floor(error.retryAfterMs / 1_000));
    const nanos = (error.retryAfterMs % 1_000) * 1_000_000;
    details.push(any("google.rpc.RetryInfo", RetryInfo.encode({ retryDelay: { seconds, nanos } })));
  }
  if (error.quota !== undefined) {
    const violation = {
      ...error.quota,
      apiService: "",
      quotaMetric: "",
      quotaId: "",
      quotaDimensions: {},
      quotaValue: 0n,
    };
    details.push(any("google.rpc.QuotaFailure", QuotaFailure.encode({ violations: [violation] })));
  }
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode({ code, message: error.message, details }).finish()));
  return { code, details: error.message, metadata };
}

function any(type: string, content: { finish(): Uint8Array }): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(content.finish()) };
}
