/** The secrets of a new installation, as files: a folder for each part, which holds what that part needs and no more. */
import { access, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DATABASE_SERVICES, databaseOf, keepsState, PORTS, SERVICES, SYSTEM } from "../topology/system-table.js";
import { passwordVariableOf } from "../topology/tool-table.js";
import { writeArtemisInstance } from "./artemis-instance.js";
import { artemisBrokerXml } from "./broker-configuration.js";
import { createDevelopmentKeys } from "./development-token.js";
import { brokerPasswords, createKeys, messageKeysOf, randomPassword } from "./new-secrets.js";

export interface InstallationOptions {
  /** Holds the parts' folders, or gets them: `gateway`, `broker`, `database`, `migrate`, `operator` and so on. */
  readonly folder: string;
  /** `host:port` where services find the broker. */
  readonly broker: string;
  /** `host:port/database` where they find PostgreSQL. */
  readonly database: string;
  /** The superuser of PostgreSQL, who migrates. */
  readonly admin: string;
  /** Where the broker's container has its folder. */
  readonly brokerMountedAt: string;
}

/**
 * A part's folder is mounted by that part alone, so whoever is in there may read it: the processes of the parts have
 * different users, and none of them may change a secret.
 */
const FILE_MODE = 0o444;
const FOLDER_MODE = 0o755;
/** Written last: a folder with it is whole. */
const COMPLETE = "complete";

/**
 * Writes all files, each named after the variable that it is for; `<variable>_FILE` names it.
 * @returns false when they are there already: they are left as they are, only `broker.xml` is written again, and what this
 * release has in addition is added.
 */
export async function createInstallation(options: InstallationOptions): Promise<boolean> {
  const { folder } = options;
  const complete = join(folder, "operator", COMPLETE);
  const acceptor = `tcp://0.0.0.0:${PORTS.amqp}?protocols=AMQP`;
  if (await exists(complete)) {
    // Not a secret: addresses and rights are those of this release.
    await place(join(folder, "broker", "etc", "broker.xml"), artemisBrokerXml({ acceptor }));
    await addWhatIsNew(folder);
    return false;
  }
  const logins = brokerPasswords();
  const files = await filesOf(options, logins);
  for (const [part, contents] of Object.entries(files)) {
    await mkdir(join(folder, part), { recursive: true, mode: FOLDER_MODE });
    for (const [name, content] of Object.entries(contents)) await place(join(folder, part, name), content);
  }
  await writeArtemisInstance({
    directory: join(folder, "broker"),
    passwords: logins,
    acceptor,
    mountedAt: options.brokerMountedAt,
    mode: FILE_MODE,
  });
  await place(complete, "");
  return true;
}

/** Secrets that installations of earlier releases have not, and that nothing was made with yet. */
async function addWhatIsNew(folder: string): Promise<void> {
  const { WEBHOOK_SEALING_KEYS } = createKeys();
  const path = join(folder, "notification", "WEBHOOK_SEALING_KEYS");
  if (!(await exists(path))) await place(path, WEBHOOK_SEALING_KEYS);
}

/** What each part gets. */
async function filesOf(options: InstallationOptions, logins: ReturnType<typeof brokerPasswords>) {
  const { broker, database, admin } = options;
  const keys = createKeys();
  const merchantKeys = await createDevelopmentKeys();
  const adminPassword = randomPassword();
  const rolePasswords = Object.fromEntries(DATABASE_SERVICES.map((service) => [service, randomPassword()]));
  const brokerUrl = (user: keyof typeof logins) => `amqp://${user}:${logins[user]}@${broker}`;
  const databaseUrl = (user: string, password = "") => `postgres://${user}:${password}@${database}`;
  const adminUrl = databaseUrl(admin, adminPassword);

  const services = SERVICES.map((service) => {
    const known: Readonly<Record<string, string>> = {
      ...keys,
      BROKER_URL: brokerUrl(service),
      MESSAGE_KEYS: messageKeysOf(service, keys.MESSAGE_SECRET),
      ...(keepsState(service) && { DATABASE_URL: databaseUrl(databaseOf(service).role, rolePasswords[service]) }),
    };
    const own = SYSTEM[service].secrets.filter((name) => name in known).map((name) => [name, known[name] ?? ""]);
    return [service, Object.fromEntries(own) as Record<string, string>] as const;
  });
  const files: Record<string, Record<string, string>> = {
    ...Object.fromEntries(services),
    database: { POSTGRES_PASSWORD: adminPassword },
    migrate: {
      DATABASE_ADMIN_URL: adminUrl,
      ...Object.fromEntries(
        DATABASE_SERVICES.map((service) => [
          passwordVariableOf(databaseOf(service).role),
          rolePasswords[service] ?? "",
        ]),
      ),
    },
    operator: {
      DATABASE_URL: adminUrl,
      BROKER_URL: brokerUrl("operator"),
      BROKER_AUDITOR_URL: brokerUrl("auditor"),
      CARD_FINGERPRINT_KEYS: keys.CARD_FINGERPRINT_KEYS,
      CARD_STORAGE_KEYS: keys.CARD_STORAGE_KEYS,
      TOKEN_SIGNING_KEY: JSON.stringify(merchantKeys.privateKey),
    },
  };
  files.gateway = { ...files.gateway, "jwks.json": merchantKeys.jwks };
  return files;
}

/** Whole or not at all; what a start that broke off has left is replaced. */
async function place(path: string, content: string): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, content, { mode: FILE_MODE });
  await rename(draft, path);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
