/** `keys`: makes, lists and changes the keys in the operator's folder, a step at a time or from beginning to end. */
import { keyMadeAt } from "../../platform/key-ring.js";
import { isKeyListName, KEY_LISTS, type ListedKey, listText, newListedKey } from "../key-lists.js";
import { PUBLIC_KEYS } from "../signing-keys.js";
import { type Command, type CommandCall, EXIT, type ExitCode, formatColumns, toJson, UsageError } from "./command.js";
import { addKey, keysIn, listsIn, makeFirst, moveCards, retireKey } from "./key-steps.js";
import { rotateKey } from "./rotate-key.js";

const LISTS = [...Object.keys(KEY_LISTS), PUBLIC_KEYS];

export const keys: Command = {
  name: "keys",
  summary: "Keys: list, make and change them while payments run.",
  usage: "list | new|add|rotate <list> | first|move|retire <list> <id>",
  help: `  list                 Which keys there are, by their ids and ages. No key is shown.
  new <list>           Prints a new key as id=key, for a list that is kept elsewhere. It changes nothing.
  add <list>           Puts a new key at the end of the list: it is accepted from then on, and not used.
  first <list> <id>    Puts a key at the front: it seals, signs or makes from then on.
  move <list> <id>     Puts the cards of all clients under a key: of CARD_FINGERPRINT_KEYS and CARD_STORAGE_KEYS. Safe to
                       break off and to run again.
  retire <list> <id>   Takes a key away, unless it is the first, or something still needs it: that is counted and told.
  rotate <list>        All steps in their order: add, move where there is something to move, first, retire. Between them
                       it waits until every service has read the list again.

The lists: ${LISTS.join(", ")}.
The last holds the keys of development tokens, beside TOKEN_SIGNING_KEYS.

  --folder <path>      Where the lists are, a file for each: KEYS_FOLDER, or the stack of npm start.
  --wait-seconds <n>   How long rotate waits for the services after each change [10]. Services read their files every 2 s;
                       a Secret that Kubernetes mounts takes up to 2 minutes.
  --reason <text>, --actor <name>   Why and who, for move, retire and rotate: kept in operator.actions, --reason is needed
                                    [the system's user].

A key of PAYMENT_ID_KEYS is needed for as long as there is a payment or refund whose id was made with it: rotate leaves it
in the list, where it is accepted. For what each step does and when to wait see docs/operating/keys.md.
`,
  options: Object.fromEntries(["folder", "wait-seconds", "actor", "reason"].map((name) => [name, { type: "string" }])),
  async run(call) {
    const [verb, list, id, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    if (verb === "list" && list === undefined) return showKeys(call);
    if (list === undefined || !LISTS.includes(list)) {
      throw new UsageError(`keys needs a list: ${LISTS.join(", ")}.`);
    }
    if (verb === "new" && id === undefined) return showNew(call, list);
    if (verb === "add" && id === undefined) return told(call, `${await addKey(call, list)} is accepted now.`);
    if (verb === "rotate" && id === undefined) return rotateKey(call, list);
    if (id === undefined) throw new UsageError("keys needs one of list, new, add, first, move, retire and rotate.");
    if (verb === "first") {
      await makeFirst(call, list, id);
      return told(call, `${id} is the first of ${list} now.`);
    }
    if (verb === "move") return told(call, await moveCards(call, list, id));
    if (verb === "retire") return retireKey(call, list, id);
    throw new UsageError("keys needs one of list, new, add, first, move, retire and rotate.");
  },
};

function told(call: CommandCall, sentence: string): ExitCode {
  call.terminal.out(call.json ? `${toJson({ done: sentence })}\n` : `${sentence}\n`);
  return EXIT.ok;
}

function showNew(call: CommandCall, list: string): ExitCode {
  if (!isKeyListName(list)) throw new UsageError("A pair of keys for tokens is made by token --new-keys.");
  const made: ListedKey = newListedKey(list, []);
  call.terminal.out(call.json ? `${toJson(made)}\n` : `${listText([made])}\n`);
  return EXIT.ok;
}

async function showKeys(call: CommandCall): Promise<ExitCode> {
  const shown = [];
  for (const list of await listsIn(call)) {
    const ids = (await keysIn(call, list)).map(({ id }) => id);
    shown.push(...ids.map((id, place) => ({ list, id, days: daysOf(id), use: place === 0 ? "first" : "accepted" })));
  }
  const rows = shown.map(({ list, id, days, use }) => [list, id, days === null ? "unknown" : `${days} d`, use]);
  call.terminal.out(call.json ? `${toJson(shown)}\n` : `${formatColumns([["list", "id", "age", "use"], ...rows])}\n`);
  return EXIT.ok;
}

function daysOf(id: string): number | null {
  const madeAt = keyMadeAt(id);
  return madeAt === undefined ? null : Math.max(0, Math.floor((Date.now() - madeAt) / 86_400_000));
}
