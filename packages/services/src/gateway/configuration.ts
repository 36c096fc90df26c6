/** The gateway's settings. */
import { z } from "zod";
import { ConfigurationError, port, renamed } from "../platform/configuration.js";
import { keyRing, MAXIMUM_PAYMENT_ID_KEYS } from "../platform/key-ring.js";
import type { TlsFileSettings } from "../platform/tls-files.js";
import { messageKeys } from "../shared/message-keys.js";
import { readKeySet } from "./key-set.js";
import { LARGEST_MAXIMUM, readMaximumAmounts } from "./maximum-amounts.js";

/** Reads a variable; what the reader throws becomes what is wrong with it. */
function orIssue<T>(read: (text: string) => T): (text: string, context: z.RefinementCtx) => T {
  return (text, context) => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };
}

const seconds = (minimum: number, maximum: number) => z.coerce.number().min(minimum).max(maximum);

export const gatewayConfiguration = {
  /** Where gRPC listens. */
  GRPC_PORT: port.default(50_051),
  /** Where HTTP/JSON listens. */
  HTTP_PORT: port.default(8_080),
  /** Whether callers of both are asked for a certificate by an authority of `TLS_CA_FILE`. */
  TLS_CLIENT_AUTH: z.enum(["none", "optional", "required"]).default("none"),
  /** The secrets that payment ids, parameter hashes and page tokens hang on; the same for all gateways. */
  PAYMENT_ID_KEYS: renamed("PAYMENT_ID_KEY", keyRing({ maximum: MAXIMUM_PAYMENT_ID_KEYS })),
  /** Shared with card-validation alone. */
  CARD_SEALING_KEYS: renamed("CARD_SEALING_KEY", keyRing()),
  /** Signs what goes to the banks, and shows who wrote the answers. */
  MESSAGE_KEYS: messageKeys("gateway"),
  /** The largest amount of one payment, in minor units of each currency that MAXIMUM_AMOUNTS does not name. */
  MAXIMUM_AMOUNT: z.coerce.bigint().min(1n).max(LARGEST_MAXIMUM).default(1_000_000_000n),
  /** The largest amounts of one payment in some currencies, in their minor units: `JPY=100000000,KWD=500000`. */
  MAXIMUM_AMOUNTS: z.string().transform(orIssue(readMaximumAmounts)).default(new Map()),
  /** How long after its acceptance a payment may still be captured. */
  PAYMENT_DEADLINE_SECONDS: seconds(1, 86_400).default(60),
  /**
   * A payment that was first asked for so long ago, and its deadline before, and is still not recorded does not exist: it
   * reads NOT_FOUND, where it read PENDING before.
   */
  NOT_FOUND_AFTER_DEADLINE_SECONDS: seconds(0.1, 86_400).default(60),
  /** How long a read may take before it is UNAVAILABLE. */
  READ_TIMEOUT_SECONDS: seconds(0.1, 60).default(5),
  /**
   * How long an answer of Pay or RefundPayment that is not final may wait for a read of the state: beyond it the answer
   * says ACCEPTED.
   */
  STATE_READ_TIMEOUT_SECONDS: seconds(0.01, 5).default(0.25),
  /** Payments and refunds in flight at once: accepted or being accepted, and not known to be final; others are refused. */
  MAXIMUM_IN_FLIGHT: z.coerce.number().int().min(1).max(1_000_000).default(2_500),
  /** The same for each merchant, so that one leaves room for the others. */
  MAXIMUM_IN_FLIGHT_PER_MERCHANT: z.coerce.number().int().min(1).max(1_000_000).default(1_250),
  /** While the broker leaves a send unconfirmed for longer, further payments and refunds are refused at once. */
  BROKER_SLOW_AFTER_SECONDS: seconds(0.05, 10).default(5),
  /** Callers of Pay that may wait at once; further ones are answered as soon as their payment is accepted. */
  MAXIMUM_WAITING_CALLS: z.coerce.number().int().min(0).max(1_000_000).default(20_000),
  /** Watches that may be open at once. */
  MAXIMUM_WATCHES: z.coerce.number().int().min(0).max(100_000).default(1_000),
  /** The same for each merchant. */
  MAXIMUM_WATCHES_PER_MERCHANT: z.coerce.number().int().min(0).max(100_000).default(500),
  /** Reads in flight at once: a payment or refund counts 1, a page 1 for each ten payments that it may hold. */
  MAXIMUM_READS_IN_FLIGHT: z.coerce.number().int().min(1).max(1_000_000).default(500),
  /** The same for each merchant. */
  MAXIMUM_READS_IN_FLIGHT_PER_MERCHANT: z.coerce.number().int().min(1).max(1_000_000).default(100),
  /** Calls that one merchant may make each second; 0 for no limit. */
  RATE_LIMIT_PER_SECOND: z.coerce.number().int().min(0).max(1_000_000).default(5_000),
  /** Payments and refunds that one merchant may read each second, a page counting for all it may hold; 0 for no limit. */
  READ_LIMIT_PER_SECOND: z.coerce.number().int().min(0).max(1_000_000).default(1_000),
  /** Connections that each of the two ports may have at once; further ones are closed. */
  MAXIMUM_CONNECTIONS: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** The keys that tokens are signed with: a JWKS as JSON, an https URL of one, or a file. URL and file are read again. */
  AUTH_JWKS: z.string().transform(orIssue(readKeySet)),
  /** The `iss` that tokens must have. */
  AUTH_ISSUER: z.string().min(1),
  /** The `aud` that tokens must have. */
  AUTH_AUDIENCE: z.string().min(1),
  /** A key that was taken out of the JWKS at its URL or in its file stops working within this time. */
  AUTH_KEYS_MAXIMUM_AGE_SECONDS: seconds(1, 86_400).default(600),
  /** How far a token's `exp` may lie ahead of now, and of its `iat`. */
  AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS: seconds(1, 31_536_000).default(86_400),
};

/**
 * How the doors treat certificates of callers.
 * @throws ConfigurationError when callers are asked for one, and nothing says which is good.
 */
export function clientAuthOf(
  settings: Pick<GatewayConfiguration, "TLS_CLIENT_AUTH"> & TlsFileSettings,
): GatewayConfiguration["TLS_CLIENT_AUTH"] {
  const { TLS_CLIENT_AUTH: clientAuth, TLS_CERT_FILE: certFile, TLS_CA_FILE: caFile } = settings;
  if (clientAuth !== "none" && (certFile === undefined || caFile === undefined)) {
    throw new ConfigurationError(
      `TLS_CLIENT_AUTH is ${clientAuth}: that needs TLS_CERT_FILE and TLS_KEY_FILE to serve TLS with, and TLS_CA_FILE.`,
    );
  }
  return clientAuth;
}

/** The settings, parsed. */
export type GatewayConfiguration = z.infer<z.ZodObject<typeof gatewayConfiguration>>;
