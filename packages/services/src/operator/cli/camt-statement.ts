/**
 * A statement as ISO 20022 camt.053 (BankToCustomerStatement, version 08). The field for an account's id holds 34
 * characters: of a longer one the last 34, and all of it in the account's name. Entries have our own transaction codes
 * (proprietary), for no public one tells a capture from its return, and say in words what they are of.
 */
import { createHash } from "node:crypto";
import { decimalAmount } from "../../shared/decimal-amount.js";
import { escapeMarkup } from "../../shared/escape-markup.js";
import type { StatementEntry, StatementFormat, StatementHead } from "./statement-format.js";

const NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";
const MAXIMUM_ACCOUNT_ID = 34;
const ISSUER = "Quittance";

export const camtStatement: StatementFormat = {
  head(head) {
    const { account, name, from, to, openingBalance, closingBalance, time, currency } = head;
    const id = statementId(head);
    return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="${NAMESPACE}"><BkToCstmrStmt>
<GrpHdr><MsgId>${id}</MsgId><CreDtTm>${time.toISOString()}</CreDtTm></GrpHdr>
<Stmt><Id>${id}</Id><CreDtTm>${time.toISOString()}</CreDtTm>
<FrToDt><FrDtTm>${from.toISOString()}</FrDtTm><ToDtTm>${to.toISOString()}</ToDtTm></FrToDt>
<Acct><Id><Othr><Id>${escapeMarkup(account.id.slice(-MAXIMUM_ACCOUNT_ID))}</Id></Othr></Id><Ccy>${currency}</Ccy><Nm>${escapeMarkup(accountName(account.id, name))}</Nm></Acct>
${balance("OPBD", openingBalance, currency, from)}${balance("CLBD", closingBalance, currency, to)}`;
  },
  entry: (entry, { currency }) =>
    `<Ntry>${money(entry.amount, currency)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>${entry.time.toISOString()}</DtTm></BookgDt>` +
    `<BkTxCd><Prtry><Cd>${escapeMarkup(entry.kind)}</Cd><Issr>${ISSUER}</Issr></Prtry></BkTxCd>` +
    `<AddtlNtryInf>${escapeMarkup(sentenceOf(entry))}</AddtlNtryInf></Ntry>\n`,
  end: "</Stmt></BkToCstmrStmt></Document>\n",
};

/** The same for the same account and period: at most 35 characters. */
function statementId({ account, from, to }: StatementHead): string {
  const of = `${account.kind} ${account.id} ${from.toISOString()} ${to.toISOString()}`;
  return createHash("sha256").update(of).digest("hex").slice(0, 32);
}

function accountName(id: string, name: string): string {
  const text = id.length > MAXIMUM_ACCOUNT_ID ? id : name;
  return [...text].slice(0, 70).join("");
}

function balance(code: string, amount: bigint, currency: string, time: Date): string {
  return `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${money(amount, currency)}<Dt><DtTm>${time.toISOString()}</DtTm></Dt></Bal>\n`;
}

/** An amount has no sign there. */
function money(amount: bigint, currency: string): string {
  const absolute = decimalAmount((amount < 0n ? -amount : amount).toString(), currency);
  return `<Amt Ccy="${currency}">${absolute}</Amt><CdtDbtInd>${amount < 0n ? "DBIT" : "CRDT"}</CdtDbtInd>`;
}

function sentenceOf({ kind, paymentId, refundId }: StatementEntry): string {
  return refundId === "" ? `${kind} ${paymentId}` : `${kind} ${refundId} of ${paymentId}`;
}
