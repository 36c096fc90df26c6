/** Who pays whom in a bench: every open client of the demo bank to every open merchant of its currency, or fewer. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEMO_MERCHANTS, demoClients } from "@quittance/services/dist/operator/demo-bank.js";
import { mintToken, type TokenSigner } from "@quittance/services/dist/operator/development-token.js";

/** `uniform`: all clients and merchants; the others: one merchant, or one client's card, in all payments. */
export const SHAPES = ["uniform", "hot-merchant", "hot-client"] as const;
export type Shape = (typeof SHAPES)[number];

/** Of the hot merchant and the hot client, of whom there are several of each. */
const HOT_CURRENCY = "EUR";
/** Of each shape at most: enough that none is hot. */
const MAXIMUM_ORDERS = 20_000;

/** Writes a file of orders for each shape into `folder`, and tells their paths. */
export async function writeOrders(folder: string, signer: TokenSigner): Promise<Record<Shape, string>> {
  const merchants = DEMO_MERCHANTS.filter(({ state }) => state === "open");
  const tokens = new Map<string, string>();
  for (const { id } of merchants) tokens.set(id, await mintToken(signer, { ...signer, merchantId: id }));
  const clients = demoClients().filter(({ state, openingBalance }) => state === "open" && openingBalance > 0n);
  const all = clients.flatMap(({ id, card, currencyCode }) =>
    merchants
      .filter((merchant) => merchant.currencyCode === currencyCode)
      .map((merchant) => ({
        client: id,
        merchant: merchant.id,
        token: tokens.get(merchant.id) as string,
        card,
        currencyCode,
      })),
  );
  const [hot] = all.filter(({ currencyCode }) => currencyCode === HOT_CURRENCY);
  const orders: Record<Shape, typeof all> = {
    uniform: all.slice(0, MAXIMUM_ORDERS),
    "hot-merchant": all.filter(({ merchant }) => merchant === hot?.merchant),
    "hot-client": all.filter(({ client }) => client === hot?.client),
  };
  const paths = SHAPES.map(async (shape) => {
    const path = join(folder, `${shape}.json`);
    await writeFile(
      path,
      JSON.stringify(orders[shape].map(({ token, card, currencyCode }) => ({ token, card, currencyCode }))),
    );
    return [shape, path] as const;
  });
  return Object.fromEntries(await Promise.all(paths)) as Record<Shape, string>;
}
