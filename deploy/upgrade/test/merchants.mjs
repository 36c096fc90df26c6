/** Merchants who pay all the while, through whichever gateways there are, and call again as the API tells them to. */
import { setTimeout as pause } from "node:timers/promises";

const CALLERS = 8;
/** Between two payments of one caller. */
const PAUSE_MS = 50;
const AGAIN_AFTER_MS = 100;
/** How long one payment or refund may take until it is final. */
const BOUND_MS = 60_000;
const WAIT_SECONDS = 5;
/** One payment in so many is refunded. */
const REFUND_EVERY = 5;
const CALL_AGAIN = new Set([429, 500, 502, 503, 504]);

/** Starts them. `urls` gives the gateways of the moment. */
export function startMerchants({ urls, token }) {
  const stopping = new AbortController();
  const story = { payments: 0, refunds: 0, calledAgain: 0, slowestMs: 0, problems: [] };
  const callers = Array.from({ length: CALLERS }, (_, caller) => work(caller));
  return {
    story,
    /** Lets each finish what it has begun. */
    async stop() {
      stopping.abort();
      await Promise.all(callers);
    },
  };

  async function work(caller) {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      try {
        const payment = await untilFinal("/v1/payments", "payment", {
          requestId: `upgrade-${caller}-${n}`,
          card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
          amount: { currencyCode: "EUR", minorUnits: "100" },
          wait: `${WAIT_SECONDS}s`,
        });
        if (payment.state !== "PAYMENT_STATE_SUCCEEDED") throw new Error(`${payment.id} ended as ${payment.state}`);
        story.payments += 1;
        if (n % REFUND_EVERY === 0) await refund(payment, `refund-${caller}-${n}`);
      } catch (error) {
        story.problems.push(error.message);
      }
      await pause(PAUSE_MS);
    }
  }

  async function refund(payment, requestId) {
    const amount = { currencyCode: "EUR", minorUnits: "40" };
    const refund = await untilFinal(`/v1/payments/${payment.id}:refund`, "refund", {
      requestId,
      amount,
      wait: `${WAIT_SECONDS}s`,
    });
    if (refund.state !== "REFUND_STATE_SUCCEEDED") throw new Error(`${refund.id} ended as ${refund.state}`);
    story.refunds += 1;
  }

  /** The same call again and again, to any gateway, until its answer is final: it must always be the same thing. */
  async function untilFinal(path, what, body) {
    const began = performance.now();
    const ids = new Set();
    let last;
    for (let attempt = 0; performance.now() - began < BOUND_MS; attempt += 1) {
      if (attempt > 0) {
        story.calledAgain += 1;
        await pause(AGAIN_AFTER_MS);
      }
      last = await call(path, body);
      if (last.again) continue;
      const found = last.answer?.[what];
      if (found === undefined) throw new Error(`${body.requestId} was answered ${last.status}: ${last.text}`);
      ids.add(found.id);
      if (ids.size > 1) throw new Error(`${body.requestId} is ${[...ids].join(" and ")}`);
      if (/_(ACCEPTED|PENDING)$/.test(found.state)) continue;
      story.slowestMs = Math.max(story.slowestMs, performance.now() - began);
      return found;
    }
    throw new Error(`${body.requestId} was not final within ${BOUND_MS} ms: ${last?.status} ${last?.text}`);
  }

  async function call(path, body) {
    const gateways = urls();
    const url = gateways[Math.floor(Math.random() * gateways.length)];
    try {
      const response = await fetch(`${url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout((WAIT_SECONDS + 10) * 1_000),
      });
      const text = await response.text();
      if (CALL_AGAIN.has(response.status)) return { again: true, status: response.status, text };
      return { status: response.status, text, answer: response.ok ? JSON.parse(text) : undefined };
    } catch (error) {
      // Whether it was accepted is not known: the same call again tells.
      return { again: true, status: 0, text: error.message };
    }
  }
}
