import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrokerUnderTest, CONFIGURED } from "./broker-under-test.js";
import { cached, runCommand, startJava } from "./java-process.js";

const SOURCES = fileURLToPath(new URL("../../harness/classic", import.meta.url));

/** A real ActiveMQ Classic with its messages in memory. */
export async function startClassicBroker(): Promise<BrokerUnderTest> {
  const home = await cached("activemq-classic-6.1.7", fetchJars);
  const directory = await mkdtemp(join(tmpdir(), "quittance-classic-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await cp(SOURCES, directory, { recursive: true });
    const broker = await startJava({
      name: "ActiveMQ Classic",
      directory,
      args: [
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-cp",
        join(home, "lib", "*"),
        "org.apache.activemq.console.Main",
        "start",
        "xbean:file:activemq.xml",
      ],
      port: (log) =>
        /\) started\n/.test(log) ? /Listening for connections at: amqp:\/\/\S+:(\d+)/.exec(log)?.[1] : undefined,
    });
    return {
      ...CONFIGURED,
      name: "classic",
      url: `amqp://127.0.0.1:${broker.port}`,
      stop: () => broker.stop().finally(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fetchJars(directory: string): Promise<void> {
  await cp(SOURCES, directory, { recursive: true });
  await runCommand("mvn", ["-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=lib"], directory);
}
