import { expect } from "chai";
import { DeclineReason, type Payment, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { CARD_NUMBER, payRequest } from "../gateway/api-client.js";
import { useTwoGateways } from "../support/system-with-two-gateways.js";

const WAIT = { seconds: 30n, nanos: 0 };
/** A card of the demo bank that is left alone. */
const OTHER_CARD = "5555555555554444";

describe("Guessing the expiry date of a card through the doors of two gateways", function () {
  this.timeout(180_000);
  const system = useTwoGateways();

  it("fails: of 48 tries the right one is told as all others, also after everything was started again", async () => {
    const clients = await system().clientsOf("m-0001");
    const others = await system().clientsOf("m-0010");
    const doors = [...clients, ...others];
    const pay = async (id: string, number: string, month: number, year: number): Promise<Payment> => {
      const door = doors[Number(id) % doors.length] ?? clients[0];
      const card = { number, expiryMonth: month, expiryYear: year, holderName: "Ada Lovelace" };
      return door.pay(payRequest(`try-${id}`, { card, wait: WAIT }));
    };
    const tries: Payment[] = [];
    for (let place = 0; place < 48; place++) {
      // Month after month, from January 2027 to December 2030: the right one is the last.
      tries.push(await pay(String(place), CARD_NUMBER, (place % 12) + 1, 2_027 + Math.floor(place / 12)));
    }
    expect(tries.map(({ state }) => state)).to.deep.equal(Array(48).fill(PaymentState.DECLINED));
    const reasons = tries.map(({ decline }) => decline?.reason);
    expect(reasons.slice(0, 5)).to.deep.equal(Array(5).fill(DeclineReason.CARD_NOT_ACCEPTED));
    expect(new Set(reasons.slice(5))).to.deep.equal(new Set([DeclineReason.TOO_MANY_ATTEMPTS]));
    expect((await pay("100", OTHER_CARD, 12, 2_030)).state).to.equal(PaymentState.SUCCEEDED);

    await system().restartEverything();
    const again = await pay("101", CARD_NUMBER, 12, 2_030);
    expect(again.decline?.reason).to.equal(DeclineReason.TOO_MANY_ATTEMPTS);
  });
});
