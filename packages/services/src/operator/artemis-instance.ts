/** An instance of Artemis: its configuration, derived from the queue map, and the command that runs it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BROKER_USERS, type BrokerUserName } from "../shared/queue-map.js";
import { artemisBrokerXml, type PairMember } from "./broker-configuration.js";

export interface ArtemisInstanceOptions {
  /** `etc/` is written here; journal and data are kept here. */
  readonly directory: string;
  readonly passwords: Readonly<Record<BrokerUserName, string>>;
  /** The URL that it listens on, with its options. */
  readonly acceptor: string;
  /** Which of a pair it is, with one store for both [none: its data are its own]. */
  readonly pair?: PairMember;
  /** Where the broker finds `directory` [the same]: another path inside a container. */
  readonly mountedAt?: string;
  /** Lets users log in by a certificate (SASL EXTERNAL): its subject must be `CN=<the user's name>` [false]. */
  readonly certificates?: boolean;
  /** Mode of the files [0600]. */
  readonly mode?: number;
}

/** Writes `etc/`: what `artemis create` would write, reduced to what this broker needs. */
export async function writeArtemisInstance(options: ArtemisInstanceOptions): Promise<void> {
  const { directory, passwords, acceptor, pair, mountedAt = directory, mode = 0o600 } = options;
  const etc = join(directory, "etc");
  await mkdir(etc, { recursive: true });
  const files: Record<string, string> = {
    "broker.xml": artemisBrokerXml({ acceptor, ...(pair && { pair }) }),
    "bootstrap.xml": `<broker xmlns="http://activemq.apache.org/schema">
  <jaas-security domain="activemq"/>
  <server configuration="file:${join(mountedAt, "etc", "broker.xml")}"/>
</broker>
`,
    "management.xml": '<management-context xmlns="http://activemq.apache.org/schema"/>\n',
    "login.config": loginConfig(options.certificates ?? false),
    ...(options.certificates && {
      "certificate-users.properties": BROKER_USERS.map((user) => `${user}=CN=${user}\n`).join(""),
    }),
    "artemis-users.properties": BROKER_USERS.map((user) => `${user}=${passwords[user]}\n`).join(""),
    "artemis-roles.properties": BROKER_USERS.map((user) => `${user}=${user}\n`).join(""),
    "log4j2.properties": `rootLogger.level=INFO
rootLogger.appenderRef.console.ref=console
logger.audit.name=org.apache.activemq.audit
logger.audit.level=OFF
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %-5level [%logger] %msg%n
`,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(etc, name), content, { mode });
}

/** By a password; where certificates are taken, by one or the other. */
function loginConfig(certificates: boolean): string {
  const jaas = "org.apache.activemq.artemis.spi.core.security.jaas";
  const byPassword = `  ${jaas}.PropertiesLoginModule ${certificates ? "sufficient" : "required"}
    reload=true
    org.apache.activemq.jaas.properties.user="artemis-users.properties"
    org.apache.activemq.jaas.properties.role="artemis-roles.properties";
`;
  const byCertificate = `  ${jaas}.TextFileCertificateLoginModule sufficient
    reload=true
    org.apache.activemq.jaas.textfiledn.user="certificate-users.properties"
    org.apache.activemq.jaas.textfiledn.role="artemis-roles.properties";
`;
  return `activemq {\n${byPassword}${certificates ? byCertificate : ""}};\n`;
}

/**
 * The options of an acceptor that serves TLS, and asks clients for a certificate, which they need not have. Artemis reads
 * the files again when they change.
 */
export function artemisTlsParameters(files: {
  /** PEM: the key and the certificate of the broker. */
  readonly keyStoreFile: string;
  /** PEM: the authorities of clients' certificates. */
  readonly caFile: string;
}): string {
  return Object.entries({
    sslEnabled: true,
    enabledProtocols: "TLSv1.2,TLSv1.3",
    keyStoreType: "PEM",
    keyStorePath: files.keyStoreFile,
    trustStoreType: "PEMCA",
    trustStorePath: files.caFile,
    wantClientAuth: true,
    sslAutoReload: true,
    saslMechanisms: "EXTERNAL,PLAIN",
  })
    .map(([name, value]) => `;${name}=${value}`)
    .join("");
}

/** The arguments with which `java` runs an instance in `directory`. */
export function artemisJavaArguments(options: {
  /** The unpacked distribution. */
  readonly home: string;
  readonly directory: string;
  readonly heapMegabytes: number;
}): string[] {
  const { home, directory, heapMegabytes } = options;
  return [
    `-Xmx${heapMegabytes}m`,
    "-XX:+UseSerialGC",
    `-Djava.security.auth.login.config=${join(directory, "etc", "login.config")}`,
    `-Dartemis.home=${home}`,
    `-Dartemis.instance=${directory}`,
    `-Dartemis.instance.etc=${join(directory, "etc")}`,
    "-cp",
    join(home, "lib", "artemis-boot.jar"),
    "org.apache.activemq.artemis.boot.Artemis",
    "run",
  ];
}
