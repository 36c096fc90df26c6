/** A fault in merchant-bank's tables that no retry heals: the messages that meet it die until it is repaired. */
import type { TestStack } from "./stack-for-tests.js";

/** Refuses the receipt of every payment of this amount. @returns what repairs it */
export async function refuseReceipts(system: TestStack, amount: bigint): Promise<() => Promise<void>> {
  const name = `refuse_${amount}`;
  // numeric_value_out_of_range: a fault of the message's own values, which no time heals.
  await system.query(`
    CREATE FUNCTION merchant_bank.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'too much' USING ERRCODE = '22003'; END $$;
    CREATE TRIGGER ${name} BEFORE INSERT ON merchant_bank.receipts FOR EACH ROW
      WHEN (new.amount = ${amount}) EXECUTE FUNCTION merchant_bank.${name}()`);
  return async () => void (await system.query(`DROP FUNCTION merchant_bank.${name} CASCADE`));
}
