/** What an operator may ask of an account of either bank, from the fields of a call to its end. */
import type { ManagementCall } from "../answer-management.js";
import { checked } from "../checked.js";
import type { FieldCheck } from "../field-checks.js";
import type { AccountState } from "./account-books.js";
import { type AccountChange, type ChangeParts, changeAccount, changeState } from "./change-account.js";
import { checkAmount, checkChangeId, checkName, checkReason } from "./check-changes.js";
import { type Movement, moveMoney } from "./move-money.js";

/** Says what is wrong with the id of an account. */
export type AccountIdCheck = (id: string, check: FieldCheck) => void;

/** A call for a change that has nothing but a reason. */
export type ReasonedCall = ManagementCall<{ readonly id: string; readonly reason: string; readonly requestId: string }>;
type NamingCall = ManagementCall<ReasonedCall["request"] & { readonly name?: string | undefined }>;
type MovingCall = ManagementCall<ReasonedCall["request"] & { readonly amount?: Parameters<typeof checkAmount>[0] }>;

/** The changes that accounts of clients and of merchants share. `action` is the name of the method. */
export class AccountChanges {
  readonly #parts: ChangeParts;
  readonly #checkId: AccountIdCheck;

  constructor(parts: ChangeParts, checkId: AccountIdCheck) {
    this.#parts = parts;
    this.#checkId = checkId;
  }

  freeze(action: string, call: ReasonedCall): Promise<void> {
    return this.#changeState(action, call, { from: ["open"], to: "frozen" });
  }

  unfreeze(action: string, call: ReasonedCall): Promise<void> {
    return this.#changeState(action, call, { from: ["frozen"], to: "open" });
  }

  close(action: string, call: ReasonedCall): Promise<void> {
    return this.#changeState(action, call, { from: ["open", "frozen"], to: "closed" });
  }

  topUp(action: string, call: MovingCall): Promise<void> {
    return this.#move(action, call, "top-up");
  }

  payOut(action: string, call: MovingCall): Promise<void> {
    return this.#move(action, call, "pay-out");
  }

  /** Gives an account another name, where the call has one. @throws ManagementError INVALID_ARGUMENT */
  async rename(action: string, { actor, request }: NamingCall): Promise<void> {
    const { id: account, requestId } = request;
    const { name, reason } = checked((check) => {
      this.#checkId(account, check);
      checkChangeId(requestId, check);
      return {
        name: request.name === undefined ? undefined : checkName(request.name, check),
        reason: checkReason(request.reason, check),
      };
    });
    const change = { actor, action, account, reason, requestId, parameters: { account, name } };
    const { schema, holders } = this.#parts.books;
    await changeAccount(this.#parts, change, async (transaction, { id }, time) => {
      if (name === undefined) return;
      await transaction.query({
        name: "rename-account",
        text: `UPDATE ${schema}.${holders} SET name = $2, update_time = $3 WHERE id = $1`,
        values: [id, name, time],
      });
    });
  }

  /** A change that has nothing but a reason. @throws ManagementError INVALID_ARGUMENT */
  reasoned(action: string, { actor, request }: ReasonedCall): AccountChange {
    const { id: account, requestId } = request;
    const reason = checked((check) => {
      this.#checkId(account, check);
      checkChangeId(requestId, check);
      return checkReason(request.reason, check, "required");
    });
    return { actor, action, account, reason, requestId, parameters: { account, reason } };
  }

  async #changeState(
    action: string,
    call: ReasonedCall,
    states: { readonly from: readonly AccountState[]; readonly to: AccountState },
  ): Promise<void> {
    await changeState(this.#parts, this.reasoned(action, call), states);
  }

  async #move(action: string, { actor, request }: MovingCall, kind: Movement["kind"]): Promise<void> {
    const { id: account, requestId } = request;
    const { reason, money } = checked((check) => {
      this.#checkId(account, check);
      checkChangeId(requestId, check, "required");
      return { money: checkAmount(request.amount, check), reason: checkReason(request.reason, check, "required") };
    });
    const parameters = { account, currency: money.currency, amount: money.amount.toString(), reason };
    const change = { actor, action, account, reason, requestId, parameters };
    await moveMoney(this.#parts, change, { kind, ...money });
  }
}
