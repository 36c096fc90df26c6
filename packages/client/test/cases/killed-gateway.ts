/** What the retries are for: a gateway that dies with a call in its hand. */
import { expect } from "chai";
import { eventually } from "../../../services/dist-test/support/eventually.js";
import { GOOD_CARD, type TestStack } from "../../../services/dist-test/support/stack-for-tests.js";
import { parseAmount, QuittanceClient } from "../../dist/mod.js";

export function describeKilledGateway(system: () => TestStack): void {
  it("costs its caller no second payment: the client's retry is answered with the first", async () => {
    const { stack, query } = system();
    let tries = 0;
    const client = new QuittanceClient({
      url: `http://127.0.0.1:${stack.httpPort}`,
      token: await stack.tokenOf("m-0001"),
      fetch: (...call) => {
        tries += 1;
        return fetch(...call);
      },
    });
    // The payment stands still between the two banks, so its call is still open at the gateway.
    const goOn = await stack.hold("merchant-bank");
    const paying = client.payments.pay({
      requestId: "killed-1",
      card: GOOD_CARD,
      amount: parseAmount("EUR 12.50"),
      waitSeconds: 30,
    });
    const payments = () =>
      query<{ id: string; state: string }>("SELECT id, state FROM client_bank.payments WHERE request_id = $1", [
        "killed-1",
      ]);
    await eventually("the client's bank has recorded it", async () => (await payments()).length === 1);
    system().killService("gateway");
    await goOn();
    const payment = await paying;
    expect(payment.state).to.equal("SUCCEEDED");
    expect(tries).to.be.above(1);
    expect(await payments()).to.deep.equal([{ id: payment.id, state: "SUCCEEDED" }]);
    await eventually("the books agree", async () => (await system().discrepancies()).length === 0);
  });

  it("costs its caller a request_id to ask with, when the deadline is shorter than the gateway is away", async () => {
    const { stack } = system();
    const client = new QuittanceClient({
      url: `http://127.0.0.1:${stack.httpPort}`,
      token: await stack.tokenOf("m-0001"),
    });
    const order = { card: GOOD_CARD, amount: parseAmount("EUR 12.50"), waitSeconds: 30 };
    const goOn = await stack.hold("gateway");
    const error = await client.payments.pay(order, { timeoutMs: 500 }).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "DEADLINE_EXCEEDED" });
    const { requestId } = error as { requestId: string };
    await goOn();
    const payment = await client.payments.pay({ ...order, requestId });
    expect(payment).to.include({ state: "SUCCEEDED", requestId });
  });
}
