import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrokerUnderTest,
  CLOSED_PREFIX,
  CONFIGURED,
  DEAD_LETTER_QUEUE,
  MAXIMUM_DELIVERIES,
  PREDEFINED_SUBSCRIPTION,
} from "./broker-under-test.js";
import { cached, runCommand, startJava } from "./java-process.js";

const VERSION = "2.56.0";
/** Of the archive, as the project publishes it. */
const SHA512 =
  "441ad38aa1b0526e5709edf43542039f016669d24134056613e4cbafdf6b101e5351f79f7ee190b43fc8031f6ec596a5fd075490dcee4d3eb3a88d8ed2cfc01b";
const DISTRIBUTION = `apache-artemis-${VERSION}`;

/**
 * Without security, journal on disk, addresses made as they are used. They stay: one that is deleted for lack of queues
 * just as a consumer attaches is refused to it as unknown.
 */
const BROKER_XML = `<configuration xmlns="urn:activemq"><core xmlns="urn:activemq:core">
  <security-enabled>false</security-enabled>
  <journal-type>NIO</journal-type>
  <journal-buffer-timeout>250000</journal-buffer-timeout>
  <message-expiry-scan-period>500</message-expiry-scan-period>
  <acceptors><acceptor name="amqp">tcp://127.0.0.1:0?protocols=AMQP</acceptor></acceptors>
  <address-settings>
    <address-setting match="#">
      <dead-letter-address>${DEAD_LETTER_QUEUE}</dead-letter-address>
      <max-delivery-attempts>${MAXIMUM_DELIVERIES}</max-delivery-attempts>
      <redelivery-delay>0</redelivery-delay>
      <auto-create-queues>true</auto-create-queues>
      <auto-create-addresses>true</auto-create-addresses>
      <auto-delete-addresses>false</auto-delete-addresses>
    </address-setting>
${["kills", "soak"]
  .map(
    (load) => `    <address-setting match="${load}.#">
      <max-delivery-attempts>-1</max-delivery-attempts>
      <auto-delete-queues>false</auto-delete-queues>
    </address-setting>
`,
  )
  .join("")}    <address-setting match="${CLOSED_PREFIX}#">
      <auto-create-queues>false</auto-create-queues>
      <auto-create-addresses>false</auto-create-addresses>
    </address-setting>
  </address-settings>
  <addresses>
    <address name="${DEAD_LETTER_QUEUE}"><anycast><queue name="${DEAD_LETTER_QUEUE}"/></anycast></address>
    <address name="${PREDEFINED_SUBSCRIPTION.address}"><multicast>
      <queue name="${PREDEFINED_SUBSCRIPTION.name}:global"/>
    </multicast></address>
  </addresses>
</core></configuration>
`;

/** A real ActiveMQ Artemis with a directory of its own. `ARTEMIS_HOME` names a distribution that is there already. */
export async function startArtemisBroker(): Promise<BrokerUnderTest> {
  const home = process.env.ARTEMIS_HOME ?? (await cached(DISTRIBUTION, fetchDistribution));
  const directory = await mkdtemp(join(tmpdir(), "quittance-artemis-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await writeInstance(directory);
    const broker = await startJava({
      name: "Artemis",
      directory,
      args: javaArguments(home, directory),
      port: (log) =>
        log.includes("AMQ221007") ? /AMQ221020: Started \w+ Acceptor at \S*:(\d+)/.exec(log)?.[1] : undefined,
    });
    return {
      ...CONFIGURED,
      name: "artemis",
      url: `amqp://127.0.0.1:${broker.port}`,
      stop: () => broker.stop().finally(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fetchDistribution(directory: string): Promise<void> {
  const artifact = `org.apache.artemis:apache-artemis:${VERSION}:tar.gz:bin`;
  const goal = ["dependency:copy", `-Dartifact=${artifact}`, "-DoutputDirectory=.", "-Dmdep.useBaseVersion=true"];
  await runCommand("mvn", ["-B", "-q", ...goal], directory);
  const archive = `${DISTRIBUTION}-bin.tar.gz`;
  const digest = createHash("sha512")
    .update(await readFile(join(directory, archive)))
    .digest("hex");
  if (digest !== SHA512) throw new Error(`${archive} is not what it should be: its SHA-512 is ${digest}.`);
  await runCommand("tar", ["-xzf", archive, "--strip-components=1"], directory);
  await rm(join(directory, archive));
}

/** What `artemis create` would write, reduced to what this broker needs. */
async function writeInstance(directory: string): Promise<void> {
  const etc = join(directory, "etc");
  await mkdir(etc);
  const files: Record<string, string> = {
    "broker.xml": BROKER_XML,
    "bootstrap.xml": `<broker xmlns="http://activemq.apache.org/schema">
  <jaas-security domain="activemq"/>
  <server configuration="file:${join(etc, "broker.xml")}"/>
</broker>
`,
    "management.xml": '<management-context xmlns="http://activemq.apache.org/schema"/>\n',
    "login.config": "activemq { org.apache.activemq.artemis.spi.core.security.jaas.GuestLoginModule sufficient; };\n",
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
  for (const [name, content] of Object.entries(files)) await writeFile(join(etc, name), content);
}

function javaArguments(home: string, directory: string): string[] {
  return [
    "-Xmx256m",
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
