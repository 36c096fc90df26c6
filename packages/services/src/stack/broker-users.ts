/** `--broker-users`: how each service logs in to a broker that is not the stack's own. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { BROKER_USERS, type BrokerUserName } from "../shared/queue-map.js";
import { OptionsError } from "./options.js";

/** How one service, or the operator's command line, logs in. */
export interface BrokerLogin {
  readonly user: string;
  readonly password: string;
}
export type BrokerLogins = Readonly<Record<BrokerUserName, BrokerLogin>>;

const password = z.string().min(1);
const login = z.union([password, z.strictObject({ user: z.string().min(1), password })]);
const logins = z.strictObject(Object.fromEntries(BROKER_USERS.map((name) => [name, login])));

/**
 * Reads the file: `name=password` lines, as Artemis' own `artemis-users.properties` has them, or a JSON object with a
 * password or `{"user", "password"}` under each name. The names are those of the queue map, all of them and no others.
 * @throws OptionsError that names the file and what is wrong in it, and repeats no password.
 */
export async function readBrokerUsers(file: string): Promise<BrokerLogins> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new OptionsError(`--broker-users ${file} cannot be read: ${cause.message}`, { cause });
  });
  const parsed = logins.safeParse(text.trimStart().startsWith("{") ? parseJson(text, file) : parseProperties(text));
  if (parsed.success) {
    return Object.fromEntries(
      Object.entries(parsed.data).map(([name, entry]) => [
        name,
        typeof entry === "string" ? { user: name, password: entry } : entry,
      ]),
    ) as Record<BrokerUserName, BrokerLogin>;
  }
  const problems = parsed.error.issues.map((issue) =>
    issue.code === "unrecognized_keys"
      ? `it knows no ${issue.keys.join(", ")}`
      : `${String(issue.path[0] ?? "it")} has no password`,
  );
  throw new OptionsError(
    `--broker-users ${file}: ${[...new Set(problems)].join("; ")}. It must hold ${BROKER_USERS.join(", ")}, each with a password.`,
  );
}

/** The URL with that user and password. */
export function withLogin(url: URL, { user, password: secret }: BrokerLogin): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(user);
  changed.password = encodeURIComponent(secret);
  return changed.href;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, passwords and all.
    throw new OptionsError(`--broker-users ${file} begins as JSON and is none.`);
  }
}

function parseProperties(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value ?? ""]];
    }),
  );
}
