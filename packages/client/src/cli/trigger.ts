/** `trigger`: makes a payment of a kind. */
import { type Command, EXIT, onlyPositional, textOption, UsageError } from "./command.js";
import { SANDBOX_PAYMENTS } from "./sandbox-payments.js";
import { jsonLine, resourceLine } from "./show.js";

const KINDS = SANDBOX_PAYMENTS.map(({ name, shows }) => `  ${name.padEnd(20)}${shows}`).join("\n");

export const trigger: Command = {
  name: "trigger",
  summary: "Makes a payment of a kind, with the sandbox's test cards.",
  usage: "<kind> | all [--currency <code>]",
  help: `${KINDS}
  all                 each of them

  --currency <code>   That of the token's merchant [EUR].`,
  options: { currency: { type: "string" } },
  async run(call) {
    const { client, json, terminal } = call;
    const kind = onlyPositional(call, "The kind");
    const wanted = SANDBOX_PAYMENTS.filter(({ name }) => kind === "all" || name === kind);
    if (wanted.length === 0) throw new UsageError(`There is no kind "${kind}".`);
    for (const { name, make } of wanted) {
      const made = await make({ client, currencyCode: textOption(call, "currency") ?? "EUR" });
      terminal.out(json ? jsonLine(made) : `${name.padEnd(20)}${resourceLine(made, terminal)}`);
    }
    return EXIT.ok;
  },
};
