/** The five services of a simulated system: their lives, their deaths, and what breaks around them. */
import type { Connection } from "@quittance/sdk";
import { startCardValidation } from "../../dist/card-validation/service.js";
import { startClientBank } from "../../dist/client-bank/service.js";
import { type GatewayConfiguration, gatewayConfiguration } from "../../dist/gateway/configuration.js";
import { createGateway, type Gateway } from "../../dist/gateway/gateway.js";
import { startMerchantBank } from "../../dist/merchant-bank/service.js";
import { startNotification } from "../../dist/notification/service.js";
import { parseConfiguration } from "../../dist/platform/configuration.js";
import { KeyRing, keyRing } from "../../dist/platform/key-ring.js";
import type { Logger } from "../../dist/platform/log.js";
import { messageKeys } from "../../dist/shared/message-keys.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import type { SimulatedClock } from "./clock.js";
import type { DatabaseHost } from "./database/simulated-database.js";
import { Line } from "./line.js";
import type { Random } from "./random.js";
import type { Actor, Schedule } from "./schedule.js";
import type { SimulatedBroker } from "./simulated-broker.js";
import { simulatedConnection } from "./simulated-connection.js";
import { KEYS, messageKeysText } from "./system-data.js";

/** One life of one instance of a service. */
interface Life {
  readonly actor: Actor;
  readonly service: ServiceName;
  readonly instance: number;
  readonly line: Line;
  /** Resolves when it is killed. */
  readonly killed: Promise<void>;
  readonly end: () => void;
  /** Of a gateway, once it has started. */
  gateway?: Gateway;
}

/** How many of each there are: two where instances share work on the same money. */
const INSTANCES: Readonly<Record<ServiceName, number>> = {
  gateway: 2,
  "card-validation": 1,
  "client-bank": 2,
  "merchant-bank": 2,
  notification: 1,
};

/** Guesses are counted, and never too many: what callers are told is judged without them. */
const GUESS_LIMITS = {
  perCard: { maximum: 1_000_000, windowMs: 3_600_000 },
  perMerchant: { maximum: 1_000_000, windowMs: 3_600_000 },
};

/** So short that holds expire while orders for them are on their way. */
export const HOLD_MS = 45_000;
const HOLD_SWEEP_MS = 5_000;

/** Nobody reads the logs of a simulation. */
const LOG = new Proxy({}, { get: () => () => undefined }) as Logger;

export interface SystemParts {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly clock: SimulatedClock;
  readonly broker: SimulatedBroker;
  readonly host: DatabaseHost;
  /** What a deliberate bug makes of a connection, whoever's it is. */
  readonly changeConnection: (connection: Connection) => Connection;
  /** What a deliberate bug makes of a gateway. */
  readonly changeGateway: (gateway: Gateway) => Gateway;
  readonly changeCardValidation: (connection: Connection) => Connection;
}

export class System {
  readonly #parts: SystemParts;
  /** What each process that was killed was about to do. */
  readonly killPoints: string[] = [];
  readonly #lives: Life[] = [];
  readonly #supervisor: Actor = { name: "supervisor" };
  #births = 0;

  constructor(parts: SystemParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    for (const [service, count] of Object.entries(INSTANCES)) {
      for (let instance = 1; instance <= count; instance += 1) await this.#begin(service as ServiceName, instance);
    }
  }

  /** A gateway that takes calls, and its death; undefined while none does. */
  gateway(): { readonly gateway: Gateway; readonly killed: Promise<void> } | undefined {
    const ready = this.#lives.flatMap(({ gateway, killed }) => (gateway === undefined ? [] : [{ gateway, killed }]));
    return ready.length === 0 ? undefined : this.#parts.random.pick(ready);
  }

  /** kill -9 of one of the services, which starts again some time. */
  killOne(): void {
    const { schedule, random, broker, host } = this.#parts;
    // Mostly one that is in the middle of something, for there is little to learn of the others.
    const busy = this.#lives.filter(({ actor }) => schedule.isBusy(actor));
    const victims = busy.length > 0 && random.chance(0.8) ? busy : this.#lives;
    if (victims.length === 0) return;
    const life = random.pick(victims);
    this.#lives.splice(this.#lives.indexOf(life), 1);
    const { actor } = life;
    schedule.note(`KILL ${actor.name}`);
    for (const point of schedule.kill(actor)) this.killPoints.push(`${life.service}: ${point}`);
    life.end();
    life.line.end();
    broker.forget(actor);
    host.disconnect(actor);
    schedule.add(this.#supervisor, `restarts ${life.service}-${life.instance}`, () => {
      void this.#begin(life.service, life.instance);
    });
  }

  /** kill -9 of the broker, which is back at once with what was durable. */
  crashBroker(): void {
    this.#parts.schedule.note("KILL broker");
    for (const { line } of this.#lives) line.break();
    this.#parts.broker.crash();
  }

  /** kill -9 of the database, which is back at once with what was committed. */
  crashDatabase(): void {
    this.#parts.schedule.note("KILL database");
    this.#parts.host.crash();
  }

  async #begin(service: ServiceName, instance: number): Promise<void> {
    const { schedule, random, broker } = this.#parts;
    const { promise: killed, resolve: end } = Promise.withResolvers<void>();
    this.#births += 1;
    const actor: Actor = { name: `${service}-${instance}.${this.#births}` };
    const line = new Line(actor, broker, schedule, random);
    const life: Life = { actor, service, instance, killed, end, line };
    this.#lives.push(life);
    await this.#run(life);
  }

  async #run(life: Life): Promise<void> {
    const { clock, host, changeConnection, changeGateway, changeCardValidation } = this.#parts;
    const connection = changeConnection(simulatedConnection(life.line));
    const { service } = life;
    const now = () => clock.nowMs;
    if (service === "gateway") {
      const gateway = await createGateway({
        connection,
        configuration: gatewayConfigurationOf(life.instance),
        log: LOG,
      });
      life.gateway = changeGateway(gateway);
    } else if (service === "card-validation") {
      await startCardValidation({
        connection: changeCardValidation(connection),
        keys: CARD_KEYS,
        messageKeys: MESSAGE_KEYS[service],
        log: LOG,
      });
    } else if (service === "client-bank") {
      await startClientBank({
        connection,
        database: host.connect(service, life.actor),
        messageKeys: MESSAGE_KEYS[service],
        log: LOG,
        now,
        guessLimits: GUESS_LIMITS,
        holdMs: HOLD_MS,
        holdSweepMs: HOLD_SWEEP_MS,
      });
    } else if (service === "merchant-bank") {
      const database = host.connect(service, life.actor);
      await startMerchantBank({ connection, database, messageKeys: MESSAGE_KEYS[service], log: LOG, now });
    } else {
      const database = host.connect(service, life.actor);
      await startNotification({ connection, database, messageKeys: MESSAGE_KEYS[service], log: LOG, language: "en" });
    }
  }
}

/** Parsed once: a system is started many thousand times. */
const MESSAGE_KEYS = {
  "card-validation": messageKeys("card-validation").parse(messageKeysText("card-validation")),
  "client-bank": messageKeys("client-bank").parse(messageKeysText("client-bank")),
  "merchant-bank": messageKeys("merchant-bank").parse(messageKeysText("merchant-bank")),
  notification: messageKeys("notification").parse(messageKeysText("notification")),
};

const CARD_KEYS = {
  sealing: new KeyRing([{ id: "1", bytes: KEYS.sealing }]),
  fingerprint: new KeyRing([{ id: "1", bytes: KEYS.fingerprint }]),
};

const GATEWAY_SETTINGS = parseConfiguration(gatewayConfiguration, {
  PAYMENT_ID_KEYS: `1=${Buffer.from(KEYS.paymentId).toString("base64")}`,
  CARD_SEALING_KEYS: `1=${Buffer.from(KEYS.sealing).toString("base64")}`,
  MESSAGE_KEYS: messageKeysText("gateway"),
  MAXIMUM_WAITING_CALLS: "100",
  // Nobody shows a token to a simulated gateway.
  AUTH_JWKS: '{"keys":[]}',
  AUTH_ISSUER: "simulation",
  AUTH_AUDIENCE: "simulation",
});

/** The key of payment ids is being changed: the first gateway has begun to use the new one, the second has not. */
const PAYMENT_ID_KEYS = [KEYS.nextPaymentId, KEYS.paymentId].map(
  (key, place) => `${2 - place}=${Buffer.from(key).toString("base64")}`,
);

const GATEWAY_CONFIGURATIONS = [PAYMENT_ID_KEYS, PAYMENT_ID_KEYS.toReversed()].map((keys) => ({
  ...GATEWAY_SETTINGS,
  PAYMENT_ID_KEYS: keyRing().parse(keys.join(",")),
}));

function gatewayConfigurationOf(instance: number): GatewayConfiguration {
  return GATEWAY_CONFIGURATIONS[instance - 1] ?? GATEWAY_SETTINGS;
}
