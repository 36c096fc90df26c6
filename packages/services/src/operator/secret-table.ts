/** Which program has which secret, and which key each pair of services shares: for docs/operating/configuration.md. */
import { neighboursOf } from "../shared/message-kinds.js";
import { SERVICES, type ServiceName, SYSTEM } from "../topology/system-table.js";
import { TOOLS } from "../topology/tool-table.js";

/** A row for each secret, in the order of the tables, and then the `MESSAGE_KEYS` of each service. */
export function secretTable(): string {
  const holders = [
    ...SERVICES.map((service) => ({ name: service, secrets: SYSTEM[service].secrets })),
    ...Object.entries(TOOLS).map(([name, { secrets }]) => ({ name, secrets: secrets as readonly string[] })),
  ];
  const secrets = [...new Set(holders.flatMap((holder) => holder.secrets))];
  const rows = secrets.map((secret) => {
    const names = holders.filter((holder) => holder.secrets.includes(secret)).map(({ name }) => `\`${name}\``);
    return `| \`${secret}\` | ${names.join(", ")} |`;
  });
  return ["| secret | who has it |", "|---|---|", ...rows, "", "```", ...messageKeyLines(), "```"].join("\n");
}

/** `<A>` and so on stand for the key of a pair, the same on the lines of both. */
function messageKeyLines(): string[] {
  const letters = new Map<string, string>();
  const letterOf = (one: ServiceName, other: ServiceName) => {
    const pair = [one, other].sort().join(" ");
    const letter = letters.get(pair) ?? String.fromCharCode("A".charCodeAt(0) + letters.size);
    letters.set(pair, letter);
    return letter;
  };
  const width = Math.max(...SERVICES.map((service) => service.length)) + 2;
  return SERVICES.map((service) => {
    const keys = neighboursOf(service).map((neighbour) => `${neighbour}=<${letterOf(service, neighbour)}>`);
    return `${service.padEnd(width)}MESSAGE_KEYS=${keys.join(",")}`;
  });
}
