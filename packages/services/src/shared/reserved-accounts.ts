/** The banks' own accounts, which have entries in the ledgers: no merchant and no client may have such an id. */
export const RESERVED_ACCOUNTS = ["clearing", "funding"] as const;

/** Whether an id is that of one of the banks' own accounts. */
export function isReservedAccount(id: string): boolean {
  return (RESERVED_ACCOUNTS as readonly string[]).includes(id);
}
