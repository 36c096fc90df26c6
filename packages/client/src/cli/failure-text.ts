/** Failures as the command line tells them: one sentence, with the next step. */
import type { QuittanceError } from "../quittance-error.js";
import { EXIT, type ExitCode } from "./command.js";

/** The sentence of a failed call, and what the command ends with. */
export function failureText(error: QuittanceError): { readonly text: string; readonly exit: ExitCode } {
  const violations = error.violations.map(({ field, description }) => `\n  ${field}: ${description}`).join("");
  return { text: `${error.message}${nextStep(error)}${violations}`, exit: exitOf(error) };
}

function nextStep({ code, reason, requestId, traceId, metadata }: QuittanceError): string {
  if (reason === "REQUEST_ID_REUSED") {
    const standing = metadata.payment ?? metadata.refund;
    return standing === undefined ? "" : ` See quittance get ${standing}.`;
  }
  if (code === "UNAUTHENTICATED") return " Set QUITTANCE_TOKEN to a merchant's token that is good.";
  if (code === "INTERNAL" && traceId !== undefined) return ` Its trace is ${traceId}.`;
  const isUnknown = code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED";
  if (isUnknown && requestId !== undefined) return ` Try again with --request-id ${requestId}: it is done once.`;
  return reason === "CONNECTION_FAILED" ? " Is it started, and is QUITTANCE_URL right?" : "";
}

/** What is refused is wrong; what could not be asked, or not be answered, is unknown. */
function exitOf({ code }: QuittanceError): ExitCode {
  const unknown = ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN"];
  return unknown.includes(code) ? EXIT.unavailable : EXIT.wrong;
}
