/** Configuration from the environment, parsed once at start by a schema. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import {
  databaseParameters,
  forbiddenPlaintext,
  type HopSettings,
  PLAINTEXT_HOPS,
  type PlaintextHop,
} from "./plaintext.js";

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

const file = z.string().min(1).optional();

/** Where certificates are, for everything that a process serves and connects to: `openTls` reads and watches the files. */
export const tlsConfiguration = {
  /** PEM: the certificate of this process and those between it and its authority. Served, and shown to who asks for it. */
  TLS_CERT_FILE: file,
  /** PEM: the certificate's private key. */
  TLS_KEY_FILE: file,
  /** PEM: the authorities that broker, database and collector must be certified by [those that Node trusts]. */
  TLS_CA_FILE: file,
  /** The hops on which plain text may leave this machine. */
  ALLOW_PLAINTEXT: z
    .string()
    .transform((text, context): ReadonlySet<PlaintextHop> => {
      const names = text.split(",").map((name) => name.trim());
      const unknown = names.filter((name) => !(PLAINTEXT_HOPS as readonly string[]).includes(name));
      if (unknown.length > 0) {
        const message = `names ${unknown.join(", ")}: the hops are ${PLAINTEXT_HOPS.join(", ")}`;
        context.addIssue({ code: "custom", message });
      }
      return new Set(names as PlaintextHop[]);
    })
    .default(new Set<PlaintextHop>()),
};

/** What every service reads. */
export const commonConfiguration = {
  /**
   * `amqps://user:password@host:port`, or several separated by commas, tried in turn. Without a user, the certificate
   * logs in (SASL EXTERNAL).
   */
  BROKER_URL: z.string().regex(/^amqps?:\/\//, "must be an amqp:// or amqps:// URL"),
  ...tlsConfiguration,
  /** The path of a module that gives the lists of keys: see {@link KeyProvider} [variables and their files do]. */
  KEY_PROVIDER: z.string().min(1).optional(),
  /** Where `/livez` and `/readyz` answer. */
  HEALTH_PORT: port.default(0),
  /** The address that the service's own ports listen on. */
  LISTEN_HOST: z.string().default("127.0.0.1"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
};

/** What a service with a database reads in addition. */
export const databaseConfiguration = {
  /**
   * `postgres://role:password@host:port/database?sslmode=verify-full`, with the service's own role. Of several hosts,
   * separated by commas, the one that takes writes is used.
   */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL")
    .refine(saysTlsOurWay, "of TLS it may say sslmode=verify-full or disable, and sslrootcert: nothing else"),
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

const FORMER_NAMES_SEE = "a list of id=key; the first is used (docs/operating/keys.md)";

/** The variables that the environment has under their former names, each with that name. */
function formerNamesIn(shape: z.ZodRawShape, given: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, schema] of Object.entries(shape)) {
    const { formerName } = ((schema as z.ZodType).meta() ?? {}) as VariableMeta;
    if (formerName !== undefined && (formerName in given || `${formerName}_FILE` in given)) found.set(name, formerName);
  }
  return found;
}

/** Other modes of libpq encrypt and do not look whom they talk to, or do what the server likes. */
function saysTlsOurWay(url: string): boolean {
  const named = [...databaseParameters(url)].filter(([name]) => name.startsWith("ssl"));
  return named.every(
    ([name, value]) => name === "sslrootcert" || (name === "sslmode" && ["verify-full", "disable"].includes(value)),
  );
}

/**
 * Reads `environment` by a schema. Each variable `X` of it may be in a file instead, which `X_FILE` names: one newline
 * at the end of the file is not part of the value.
 * @throws ConfigurationError naming every variable that is missing or wrong; secrets are never repeated.
 */
export function parseConfiguration<S extends z.ZodRawShape>(
  shape: S,
  environment: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<S>> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const former = formerNamesIn(shape, set);
  const { given, problems } = withFiles(Object.keys(shape), set);
  for (const [name, formerName] of former) problems.set(name, `${formerName} is ${name} now: ${FORMER_NAMES_SEE}`);
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success && problems.size === 0) return parsed.data;
  const issues = (parsed.error?.issues ?? []).filter((issue) => !problems.has(String(issue.path[0])));
  const lines = issues.map((issue) => {
    const name = String(issue.path[0]);
    return given[name] === undefined ? `  ${name} is not set` : `  ${name}: ${issue.message}`;
  });
  lines.push(...[...problems.values()].map((problem) => `  ${problem}`));
  throw new ConfigurationError(
    `The configuration is incomplete or wrong:\n${lines.join("\n")}\nSee docs/operating/configuration.md.`,
  );
}

/**
 * Refuses plain text that would leave this machine, unless `ALLOW_PLAINTEXT` names the hop.
 * @throws ConfigurationError naming each hop and what to do.
 */
export async function requireTls(
  settings: HopSettings & { readonly ALLOW_PLAINTEXT: ReadonlySet<PlaintextHop> },
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const problems = await forbiddenPlaintext(settings, settings.ALLOW_PLAINTEXT, environment);
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}.`).join("\n");
  throw new ConfigurationError(`Plain text would leave this machine:\n${lines}\nSee docs/operating/tls.md.`);
}

/** The variables with those that are in files; what is wrong with a file, by the name of its variable. */
function withFiles(
  names: readonly string[],
  set: Readonly<Record<string, string | undefined>>,
): { given: Record<string, string | undefined>; problems: Map<string, string> } {
  const given = { ...set };
  const problems = new Map<string, string>();
  for (const name of names) {
    const path = set[`${name}_FILE`];
    if (path === undefined || names.includes(`${name}_FILE`)) continue;
    if (set[name] !== undefined) {
      problems.set(name, `${name} and ${name}_FILE are both set: leave one out`);
      continue;
    }
    try {
      given[name] = readFileSync(path, "utf8").replace(/\r?\n$/, "");
      if (given[name] === "") problems.set(name, `${name}_FILE: ${path} is empty`);
    } catch (error) {
      problems.set(name, `${name}_FILE: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  return { given, problems };
}
