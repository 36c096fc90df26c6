/** `pay`: makes a payment. */
import type { Card, Payment } from "../gen/resources.js";
import { TEST_CARDS } from "../gen/test-cards.js";
import { amountArgument } from "./amount-argument.js";
import { type Command, type CommandCall, EXIT, type ExitCode, textOption, UsageError, waitOption } from "./command.js";
import { jsonLine, paymentText } from "./show.js";

export const pay: Command = {
  name: "pay",
  summary: "Makes a payment, by default with a test card of the amount's currency.",
  usage: '"EUR 12.50" [--card <test card>] [options]',
  help: `The amount has its currency: "EUR 12.50", "JPY 1250". The same --request-id with the same options is the same
payment, however often. Ends with 1 when the payment is declined.

  --card <number>        A test card. Any other number is read from standard input with --card -, because argument
                         lists are seen by others; it needs --expiry and --name.
  --expiry <mm/yyyy>     The card's expiry [that of the test card].
  --name <name>          The card's holder [that of the test card].
  --description <text>   Shown on the client's statements.
  --reference <text>     Your own name for the payment.
  --metadata <key=value> Your own data; may be given several times.
  --capture manual       Hold the money, until quittance capture takes it or quittance cancel releases it.
  --request-id <id>      [made for this call]
  --wait <seconds>       How long to wait for the end, 0 to 30 [5].`,
  options: {
    card: { type: "string" },
    expiry: { type: "string" },
    name: { type: "string" },
    description: { type: "string" },
    reference: { type: "string" },
    metadata: { type: "string", multiple: true },
    capture: { type: "string" },
    "request-id": { type: "string" },
    wait: { type: "string" },
  },
  async run(call) {
    const description = textOption(call, "description");
    const clientReference = textOption(call, "reference");
    const payment = await call.client.payments.pay({
      amount: amountArgument(call.positionals.join(" ")),
      card: await cardOf(call, amountArgument(call.positionals.join(" ")).currencyCode),
      description,
      clientReference,
      metadata: metadataOf(call),
      capture: captureOf(call),
      requestId: textOption(call, "request-id"),
      waitSeconds: waitOption(call),
    });
    return tellPayment(call, payment);
  },
};

/** Shows a payment as it came out of a call that pays, captures or cancels. */
export function tellPayment({ json, terminal }: CommandCall, payment: Payment): ExitCode {
  terminal.out(json ? jsonLine(payment) : paymentText(payment, terminal));
  if (payment.state === "PENDING" || payment.state === "ACCEPTED") {
    terminal.err(`It is not final yet: quittance watch ${payment.id} follows it.\n`);
  }
  return payment.state === "DECLINED" ? EXIT.wrong : EXIT.ok;
}

async function cardOf(call: CommandCall, currencyCode: string): Promise<Card> {
  const given = textOption(call, "card");
  const test = TEST_CARDS.find(({ number, ...card }) =>
    given === undefined
      ? card.currencyCode === currencyCode && card.outcome === "SUCCEEDED"
      : number === digitsOf(given),
  );
  const number = given === "-" ? (await call.terminal.readInput()).trim() : test?.number;
  if (number === undefined) {
    throw new UsageError(
      given === undefined
        ? `There is no test card of ${currencyCode}: read a number from standard input with --card -.`
        : "--card takes a test card; any other number is read from standard input: echo $NUMBER | quittance pay ... --card -",
    );
  }
  const { expiryMonth, expiryYear } = expiryOf(call) ?? test ?? {};
  const holderName = textOption(call, "name") ?? test?.holderName;
  if (expiryMonth === undefined || expiryYear === undefined || holderName === undefined) {
    throw new UsageError("A card that is no test card needs --expiry and --name.");
  }
  return { number, expiryMonth, expiryYear, holderName };
}

function digitsOf(number: string): string {
  return number.replaceAll(/[ -]/g, "");
}

function expiryOf(call: CommandCall): { readonly expiryMonth: number; readonly expiryYear: number } | undefined {
  const text = textOption(call, "expiry");
  if (text === undefined) return undefined;
  const [, month, year] = /^(\d{1,2})\/(\d{4})$/.exec(text) ?? [];
  if (month === undefined || year === undefined) throw new UsageError(`--expiry is "${text}": write it as 12/2030.`);
  return { expiryMonth: Number(month), expiryYear: Number(year) };
}

function metadataOf(call: CommandCall): Record<string, string> | undefined {
  const given = call.options.metadata;
  if (!Array.isArray(given)) return undefined;
  return Object.fromEntries(
    given.map((pair: string) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`--metadata is "${pair}": write it as key=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function captureOf(call: CommandCall): "MANUAL" | "AUTOMATIC" | undefined {
  const text = textOption(call, "capture");
  if (text === undefined) return undefined;
  if (text === "manual" || text === "automatic") return text === "manual" ? "MANUAL" : "AUTOMATIC";
  throw new UsageError(`--capture is "${text}": it must be manual or automatic.`);
}
