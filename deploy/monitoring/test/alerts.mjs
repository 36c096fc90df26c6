/** Breaks the real thing, sees the alert that is meant for it fire, repairs it, and sees the alert clear. */
import { connect, queue } from "@quittance/sdk";

/** On a busy machine a scrape, an evaluation and a notification take their time. */
const BOUND_MS = 45_000;

async function until(sentence, condition) {
  const end = performance.now() + BOUND_MS;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${BOUND_MS / 1_000} s: ${sentence}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** What can go wrong, what it breaks, and the alerts that must say so, with the receiver of each. */
function breakages({ system }) {
  const { stack, pool } = system;
  return [
    {
      what: "client-bank is killed and stays away",
      alerts: [
        ['QuittanceServiceMissing",service_name="client-bank', "pager"],
        // Those that follow from it are held back by Alertmanager, and are there in Prometheus.
        ['QuittanceConsumerMissing",quittance_queue="validation-result', undefined],
        ['QuittanceQueueOld",quittance_queue="validation-result', undefined],
      ],
      break: () => stack.hold("client-bank"),
    },
    {
      what: "somebody locks the row of a merchant",
      alerts: [["QuittancePaymentStuck", "money"]],
      async break() {
        const client = await pool.connect();
        await client.query("BEGIN");
        await client.query("SELECT * FROM merchant_bank.merchants WHERE id = 'm-0001' FOR UPDATE");
        return async () => {
          await client.query("ROLLBACK");
          client.release();
        };
      },
    },
    {
      what: "a table of merchant-bank is away",
      alerts: [["QuittanceBreakerOpen", "pager"]],
      async break() {
        await pool.query("ALTER TABLE merchant_bank.receipts RENAME TO receipts_away");
        return () => pool.query("ALTER TABLE merchant_bank.receipts_away RENAME TO receipts");
      },
    },
    {
      what: "poison is sent to a queue",
      alerts: [['QuittanceDeadLetters",quittance_queue="dead-letter.payment', "chat"]],
      async break() {
        const gateway = await connect(system.gatewayBrokerUrl);
        const producer = await gateway.createProducer(queue("payment"));
        await producer.send({ text: "this is no payment" });
        await gateway.close();
        return async () => {
          const operator = await connect(stack.brokerUrl);
          const letters = await operator.createConsumer(queue("dead-letter.payment"));
          const letter = await letters.receive({ timeoutMs: 20_000 });
          letter?.accept();
          await operator.close();
        };
      },
    },
    {
      what: "somebody changes a balance by hand",
      alerts: [["QuittanceLedgerDrift", "money"]],
      async break() {
        const change = (by) =>
          pool.query("UPDATE merchant_bank.merchants SET balance = balance + $1 WHERE id = 'm-0001'", [by]);
        await change(7);
        return () => change(-7);
      },
    },
    {
      what: "somebody tries tokens",
      alerts: [["QuittanceLoginsRefused", "chat"]],
      async break() {
        let trying = true;
        const tries = (async () => {
          while (trying) await Promise.all([1, 2, 3, 4].map(() => system.post("/v1/payments", {}, "Bearer guess")));
        })();
        return async () => {
          trying = false;
          await tries;
        };
      },
    },
  ];
}

export async function tryAlerts({ system, check }) {
  const firing = (selector) => system.query(`ALERTS{alertname="${selector}",alertstate="firing"}`);
  await until("everything is scraped", async () => (await system.query("target_info")).length >= 6);
  await until(
    "payments become final",
    async () => (await system.query("sum(quittance_payments_final_total) > 5")).length > 0,
  );
  for (const breakage of breakages({ system })) {
    for (const [selector] of breakage.alerts) {
      await until(`${selector} is silent before`, async () => (await firing(selector)).length === 0);
    }
    const heard = system.told.length;
    const mend = await breakage.break();
    const names = (selector) => selector.split('"')[0];
    try {
      for (const [selector, receiver] of breakage.alerts) {
        const problem = await until(selector, async () => (await firing(selector)).length > 0).then(
          () => undefined,
          String,
        );
        check(`${breakage.what}: ${names(selector)} fires`, problem === undefined, problem);
        if (receiver === undefined) continue;
        const isIt = ({ to, name, status }) => to === receiver && name === names(selector) && status === "firing";
        const unheard = await until(`${receiver} is told`, () => system.told.slice(heard).some(isIt)).then(
          () => undefined,
          String,
        );
        check(`${breakage.what}: ${receiver} gets ${names(selector)}`, unheard === undefined, unheard);
      }
    } finally {
      await mend();
    }
    for (const [selector] of breakage.alerts) {
      const problem = await until(selector, async () => (await firing(selector)).length === 0).then(
        () => undefined,
        String,
      );
      check(`${breakage.what}: ${names(selector)} clears when it is repaired`, problem === undefined, problem);
    }
  }
}
