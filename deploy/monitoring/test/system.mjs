/** A running stack, a Prometheus and an Alertmanager that watch it, traffic, and a receiver of alerts. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import pg from "pg";

/** Rules wait for minutes; a test cannot. Each is the same but for its windows and bounds. */
function hurried(alert) {
  const shorter = {
    QuittancePaymentStuck: ["> 120", "> 4"],
    QuittanceQueueOld: ["> 60", "> 4"],
    QuittanceLoginsRefused: ["[5m]", "[15s]"],
    QuittanceBreakerOpen: ["[1m]", "[10s]"],
  }[alert.name];
  const expression = shorter === undefined ? alert.expression : alert.expression.replace(...shorter);
  if (shorter !== undefined && expression === alert.expression) throw new Error(`${alert.name} has changed.`);
  return { ...alert, expression, for: "1s" };
}

const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
const WRONG_CARD = { ...CARD, number: "4242424242424241" };

export async function openSystem({ root, load, folder }) {
  const { startStack } = await load("stack/stack.js");
  const { startGuardian } = await load("stack/guardian.js");
  const { startMetricsWatch } = await load("stack/observe/observation.js");
  const { rulesYaml } = await load("operator/monitoring/rules-files.js");
  const told = [];
  const receiver = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { alerts } = JSON.parse(Buffer.concat(chunks).toString());
    told.push(...alerts.map(({ labels, status }) => ({ to: request.url.slice(1), name: labels.alertname, status })));
    response.end();
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

  // What the services read: audits every second, little room in the gateway so that calls are refused.
  Object.assign(process.env, { BOOKS_AUDIT_SECONDS: "1", MAXIMUM_IN_FLIGHT_PER_MERCHANT: "20" });
  const guardian = startGuardian();
  let gatewayBrokerUrl;
  const stack = await startStack({
    broker: "embedded",
    database: "embedded",
    grpcPort: 0,
    httpPort: 0,
    guardian,
    keysFile: join(folder, "keys.json"),
    route: async (service, address) => {
      if (service === "gateway" && address.startsWith("amqp")) gatewayBrokerUrl = address;
      return address;
    },
  });
  const alertmanager = (await readFile(join(root, "deploy/monitoring/alertmanager.yaml"), "utf8"))
    .replaceAll("127.0.0.1:9095", `127.0.0.1:${receiver.address().port}`)
    .replaceAll(/group_wait: \w+/g, "group_wait: 1s")
    .replaceAll(/group_interval: \w+/g, "group_interval: 1s");
  const watch = await startMetricsWatch({
    folder: join(folder, "watch"),
    guardian,
    rules: rulesYaml(hurried),
    alertmanager,
    scrapeIntervalSeconds: 1,
    onMissing: (sentence) => {
      throw new Error(sentence);
    },
  });
  const targets = stack.services().map(({ name, healthPort }) => ({ name, port: healthPort }));
  await watch.scrape([...targets, { name: "broker", port: stack.brokerHealthPort }]);
  const token = await stack.tokenOf("m-0001");
  const url = `http://127.0.0.1:${stack.httpPort}`;
  let sent = 0;
  async function post(path, body, authorization = `Bearer ${token}`) {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    return response?.json().catch(() => undefined);
  }
  const pay = (card = CARD, wait = "2s") =>
    post("/v1/payments", {
      requestId: `alerts-${process.pid}-${sent++}`,
      card,
      amount: { currencyCode: "EUR", minorUnits: "100" },
      wait,
    });
  /** Something of everything, all the time: payments that succeed and are declined, refunds, refused calls. */
  let traffic = true;
  const flowing = (async () => {
    while (traffic) {
      const [paid] = await Promise.all([pay(), pay(WRONG_CARD)]);
      // Now and then, so that no alert takes it for more.
      if (sent % 40 === 0) await post("/v1/payments", {}, "Bearer nonsense");
      if (paid?.payment?.id !== undefined && sent % 4 === 0) {
        await post(`/v1/payments/${paid.payment.id}:refund`, {
          requestId: `refund-${sent}`,
          amount: { currencyCode: "EUR", minorUnits: "10" },
          wait: "0s",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  })();
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 3 });
  pool.on("error", () => undefined);
  return {
    stack,
    watch,
    told,
    gatewayBrokerUrl,
    pool,
    pay,
    post,
    load,
    async query(expression) {
      const response = await fetch(`${watch.prometheus}/api/v1/query?${new URLSearchParams({ query: expression })}`);
      const { status, data, error } = await response.json();
      if (status !== "success") throw new Error(`${expression}: ${error}`);
      return data.result;
    },
    async close() {
      traffic = false;
      await flowing;
      await pool.end();
      await watch.stop();
      await stack.stop();
      receiver.closeAllConnections();
      await new Promise((resolve) => receiver.close(resolve));
    },
  };
}
