/** `refund`, `capture` and `cancel`: change what became of a payment. */
import { amountArgument } from "./amount-argument.js";
import { type Command, type CommandCall, EXIT, onlyPositional, textOption, UsageError, waitOption } from "./command.js";
import { tellPayment } from "./pay.js";
import { jsonLine, refundText } from "./show.js";

const WAIT_HELP = "  --wait <seconds>       How long to wait for the end, 0 to 30 [5].";

export const refund: Command = {
  name: "refund",
  summary: "Refunds a payment: all that is left of it, or a part.",
  usage: '<payment id> ["EUR 5.00"] [options]',
  help: `The same --request-id with the same options is the same refund, however often. Ends with 1 when it is declined.

  --reference <text>     Your own name for the refund.
  --request-id <id>      [made for this call]
${WAIT_HELP}`,
  options: { reference: { type: "string" }, "request-id": { type: "string" }, wait: { type: "string" } },
  async run(call) {
    const { json, terminal } = call;
    const { id, amount } = idAndAmount(call);
    const answer = await call.client.payments.refund(id, {
      amount,
      clientReference: textOption(call, "reference"),
      requestId: textOption(call, "request-id"),
      waitSeconds: waitOption(call),
    });
    const { id: refundId, state } = answer.refund;
    terminal.out(json ? jsonLine(answer.refund) : refundText(answer.refund, terminal));
    if (state === "PENDING" || state === "ACCEPTED") {
      terminal.err(`It is not final yet: quittance watch ${refundId} follows it.\n`);
    }
    return answer.refund.state === "DECLINED" ? EXIT.wrong : EXIT.ok;
  },
};

export const capture: Command = {
  name: "capture",
  summary: "Takes the money that a payment holds, all of it or a part.",
  usage: '<payment id> ["EUR 5.00"] [options]',
  help: `What is not taken is released. The same capture again shows the same payment.\n\n${WAIT_HELP}`,
  options: { wait: { type: "string" } },
  async run(call) {
    const { id, amount } = idAndAmount(call);
    return tellPayment(call, await call.client.payments.capture(id, { amount, waitSeconds: waitOption(call) }));
  },
};

export const cancel: Command = {
  name: "cancel",
  summary: "Releases the money that a payment holds: nothing is taken.",
  usage: "<payment id> [options]",
  help: WAIT_HELP,
  options: { wait: { type: "string" } },
  async run(call) {
    const id = onlyPositional(call, "The id of a payment");
    return tellPayment(call, await call.client.payments.cancel(id, { waitSeconds: waitOption(call) }));
  },
};

function idAndAmount({ positionals: [id, ...words] }: CommandCall) {
  if (id === undefined) throw new UsageError("The id of a payment is missing.");
  return { id, amount: words.length === 0 ? undefined : amountArgument(words.join(" ")) };
}
