/** Why payments and refunds are declined. */

/** Why it was declined, in the reader's language; a reason that is not known here as it came. */
export function declineText(reason: string, names: Readonly<Record<string, string>>): string {
  const name = reason.replace(/^(REFUND_)?DECLINE_REASON_/, "");
  return names[name] ?? name;
}
