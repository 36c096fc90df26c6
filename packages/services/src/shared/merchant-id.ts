/** What the id of a merchant is: the subject of its tokens, and the name of its account at merchant-bank. */
import { isReservedAccount } from "./reserved-accounts.js";

/** 1 to 64 letters, digits, `_`, `.` and `-`, the first a letter or digit: `acct_123`, a UUID, `shop.example`. */
const MERCHANT_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Whether a merchant may have this id; those of the banks' own accounts are taken. */
export function isMerchantId(id: string): boolean {
  return MERCHANT_ID.test(id) && !isReservedAccount(id);
}
