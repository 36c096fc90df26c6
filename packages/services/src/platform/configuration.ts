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

/** What a schema says of its variable beside what it reads. */
interface VariableMeta {
  /** The variable's name in earlier releases. */
  readonly formerName?: string;
}

/** The schema of a variable that had another name before: whoever sets that one is told the new one. */
export function renamed<S extends z.ZodType>(formerName: string, schema: S): S {
  return schema.meta({ formerName } satisfies VariableMeta);
}

const FORMER_NAMES_SEE = "a list of id=key, of which the first is used (docs/operating/keys.md)";

/** The variables of which the environment holds the former name, each with that name. */
function formerNamesIn(shape: z.ZodRawShape, given: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, schema] of Object.entries(shape)) {
    const { formerName } = ((schema as z.ZodType).meta() ?? {}) as VariableMeta;
    if (formerName !== undefined && (formerName in given || `${formerName}_FILE` in given)) found.set(name, formerName);
  }
  return found;
}

/**
 * Reads `environment` by a schema.
 * @throws ConfigurationError naming every variable that is missing or wrong; secrets are never repeated.
 */
export function parseConfiguration<S extends z.ZodRawShape>(
  shape: S,
  environment: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<S>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const former = formerNamesIn(shape, given);
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success && former.size === 0) return parsed.data;
  const issues = parsed.error?.issues.filter(({ path: [name] }) => !former.has(String(name))) ?? [];
  const lines = issues.map((issue) => {
    const name = String(issue.path[0]);
    return given[name] === undefined ? `  ${name} is not set` : `  ${name}: ${issue.message}`;
  });
  for (const [name, formerName] of former) lines.push(`  ${formerName} is ${name} now: ${FORMER_NAMES_SEE}`);
  throw new ConfigurationError(
    `The configuration is incomplete or wrong:\n${lines.join("\n")}\nSee docs/operating/configuration.md.`,
  );
}
