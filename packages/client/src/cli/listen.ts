/** `listen`: shows what happens to payments and refunds, and posts it to a receiver on this machine. */
import { writeForm } from "../json-form.js";
import { newWebhookSecret, signWebhook } from "../webhook-signature.js";
import { type Command, type CommandCall, EXIT, textOption, UsageError } from "./command.js";
import { type Happening, happenings } from "./happenings.js";
import { jsonLine } from "./show.js";

const FORWARD_TIMEOUT_MS = 5_000;

export const listen: Command = {
  name: "listen",
  summary: "Shows payments and refunds as they end, and posts them as webhooks to a local receiver.",
  usage: "[--forward <url>]",
  help: `Webhooks reach public https addresses alone. This is for a receiver that you write: what is made while it runs is
posted in the form of webhooks, signed with a secret of its own. It is posted once, and not again when the receiver
refuses it. Ends with Ctrl-C.

  --forward <url>        Where to post, for example http://localhost:3000/webhooks.
  --limit <n>            End after so many.

QUITTANCE_WEBHOOK_SECRET is the secret to sign with; without it one is made and shown.`,
  options: { forward: { type: "string" }, limit: { type: "string" } },
  async run(call) {
    const { client, json, terminal } = call;
    const limit = Number(textOption(call, "limit") ?? Number.POSITIVE_INFINITY);
    const forward = forwardOption(call);
    const secret = call.environment.QUITTANCE_WEBHOOK_SECRET || newWebhookSecret();
    if (forward !== undefined && !call.environment.QUITTANCE_WEBHOOK_SECRET) {
      terminal.err(`The secret of the webhooks is ${secret}\n`);
    }
    terminal.err("Listening; Ctrl-C ends it.\n");
    let count = 0;
    for await (const happening of happenings(client, new AbortController().signal)) {
      const { id, type, timestamp, data } = happening;
      const answer = forward === undefined ? "" : `  ${await post(happening, { forward, secret })}`;
      terminal.out(
        json
          ? jsonLine({ id, type, timestamp, data: data.value })
          : `${timestamp.toISOString()}  ${type}  ${data.value.id}${answer}\n`,
      );
      if (++count >= limit) break;
    }
    return EXIT.ok;
  },
};

function forwardOption(call: CommandCall): string | undefined {
  const text = textOption(call, "forward");
  if (text === undefined) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`--forward is "${text}": it must be an address such as http://localhost:3000/webhooks.`);
}

/** Resolves with what to show of the answer. A receiver that is away is none of ours. */
async function post(
  { id, type, timestamp, data }: Happening,
  { forward, secret }: { readonly forward: string; readonly secret: string },
): Promise<string> {
  const body = JSON.stringify({ type, timestamp: timestamp.toISOString(), data: writeForm(data.form, data.value) });
  try {
    const signed = await signWebhook({ id, body, secret });
    const response = await fetch(forward, {
      method: "POST",
      headers: { "content-type": "application/json", ...signed },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return `answered ${response.status}`;
  } catch (error) {
    return `not delivered: ${error instanceof Error ? error.message : String(error)}`;
  }
}
