/** Configuration from the environment, parsed once at start by a schema. */
import { z } from "zod";

/** Thrown when the environment does not hold what a service needs; the message names each variable and the fix. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** A TCP port; 0 asks the system for a free one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** A key of 32 bytes, written in base64 or base64url. */
export const key32 = z
  .string()
  .transform((text) => new Uint8Array(Buffer.from(text, "base64")))
  .refine((bytes) => bytes.length === 32, "must be 32 bytes in base64, for example from `openssl rand -base64 32`");

/** What every service reads. */
export const commonConfiguration = {
  /** `amqp://user:password@host:port`, or several separated by commas, tried in turn. */
  BROKER_URL: z.string().regex(/^amqps?:\/\//, "must be an amqp:// or amqps:// URL"),
  /** Where `/livez` and `/readyz` answer. */
  HEALTH_PORT: port.default(0),
  /** The address that the service's own ports listen on. */
  LISTEN_HOST: z.string().default("127.0.0.1"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
};

/** What a service with a database reads besides. */
export const databaseConfiguration = {
  /** `postgres://role:password@host:port/database`, with the service's own role. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL"),
  /** Connections in the pool. */
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(100).default(4),
};

/**
 * Reads `environment` by a schema.
 * @throws ConfigurationError naming every variable that is missing or wrong; secrets are never repeated.
 */
export function parseConfiguration<S extends z.ZodRawShape>(
  shape: S,
  environment: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<S>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return given[name] === undefined ? `  ${name} is not set` : `  ${name}: ${issue.message}`;
  });
  throw new ConfigurationError(
    `The configuration is incomplete or wrong:\n${lines.join("\n")}\nSee docs/operating/configuration.md.`,
  );
}
