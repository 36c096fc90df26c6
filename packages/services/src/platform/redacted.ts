/** What a log line may say: everything but the values under names that could hold a card number or a secret. */

/** Names under which a card number or a secret could reach a log; their values are never written. */
const SECRET_NAMES: ReadonlySet<string> = new Set(["number", "sealedCard", "authorization", "password"]);
const CENSOR = "[redacted]";
/** How far objects within objects are looked at: `request.payment.card.number` is found. */
const MAXIMUM_DEPTH = 4;

/** The same object when it holds no such name, which is cheap to see; otherwise a copy with their values replaced. */
export function redacted(value: object): object {
  return holdsSecret(value, MAXIMUM_DEPTH) ? censored(value, MAXIMUM_DEPTH) : value;
}

function holdsSecret(value: object, depth: number): boolean {
  for (const name in value) {
    if (SECRET_NAMES.has(name)) return true;
    const field = (value as Record<string, unknown>)[name];
    if (depth > 1 && isLookedInto(field) && holdsSecret(field, depth - 1)) return true;
  }
  return false;
}

function censored(value: object, depth: number): object {
  const copied = Object.entries(value).map(([name, field]: [string, unknown]) => {
    if (SECRET_NAMES.has(name)) return [name, CENSOR];
    return [name, depth > 1 && isLookedInto(field) ? censored(field, depth - 1) : field];
  });
  return Array.isArray(value) ? copied.map(([, field]) => field) : Object.fromEntries(copied);
}

/** An error is not: what is written of it is what the serialiser makes, which is looked at then. */
function isLookedInto(field: unknown): field is object {
  return typeof field === "object" && field !== null && !(field instanceof Error);
}
