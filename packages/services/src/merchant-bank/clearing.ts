/** The account of `ledger_entries` that stands for the clearing account of the entry's currency. */
export const CLEARING = "clearing";
