/** Payments that are offered to a system, in a closed loop or at a rate that does not heed the answers. */
import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { ErrorInfo } from "@quittance/services/dist/gen/google/rpc/error_details.js";
import { Status } from "@quittance/services/dist/gen/google/rpc/status.js";
import {
  PaymentServiceClient,
  PaymentState,
  PayRequest,
} from "@quittance/services/dist/gen/quittance/payments/v1/payments.js";

const TEST_CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
/** As many connections, for each takes a bounded number of calls at once. */
const CONNECTIONS = 8;
/** Calls of ours at once: beyond them nothing is offered, for the memory of this process is not what is measured. */
const MAXIMUM_CALLS = 4_000;
const TICK_MS = 5;
/** As callers do: after so long they ask for no answer any more. One that was accepted is answered before that. */
const DEADLINE_MS = 5_000;

/** One call and what became of it. */
export interface Call {
  /** After the beginning of its phase. */
  readonly startMs: number;
  readonly tookMs: number;
  /** Whether it was answered with a final payment. */
  readonly final: boolean;
  /** Why it was refused, if it was. */
  readonly refusal?: string;
}

export interface Phase {
  readonly seconds: number;
  readonly calls: readonly Call[];
  /** Calls that were due when too many of ours were open. */
  readonly notOffered: number;
}

export interface OfferedLoad {
  /** As many calls at once as are told, each followed by the next. */
  closed(options: { atOnce: number; seconds: number }): Promise<{ readonly finals: number; readonly seconds: number }>;
  /** So many calls a second, whatever becomes of them; resolves when the time is over, and `calls` still grow. */
  open(options: { perSecond: number; seconds: number }): Promise<Phase>;
  /** Resolves when every call has been answered. */
  idle(): Promise<void>;
  /** Ids of all payments that were accepted. */
  accepted(): ReadonlySet<string>;
  close(): void;
}

/** Prepares to offer payments of the merchants whose tokens are given, in turn. */
export async function offer(grpcPort: number, tokens: readonly string[]): Promise<OfferedLoad> {
  const clients = Array.from(
    { length: CONNECTIONS },
    () =>
      new PaymentServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure(), {
        "grpc.use_local_subchannel_pool": 1,
      }),
  );
  const merchants = tokens.map((token) => {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    return metadata;
  });
  const accepted = new Set<string>();
  let count = 0;
  let open = 0;

  function pay(): Promise<Pick<Call, "final" | "refusal">> {
    const number = count++;
    open += 1;
    const client = clients[number % clients.length] as PaymentServiceClient;
    return new Promise((resolve) => {
      const request = PayRequest.fromPartial({
        requestId: `load-${number}`,
        card: TEST_CARD,
        amount: { currencyCode: "EUR", minorUnits: 1n },
        description: "overload",
        wait: { seconds: 4n, nanos: 0 },
      });
      const metadata = merchants[number % merchants.length] as Metadata;
      client.pay(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
        open -= 1;
        if (error) return resolve({ final: false, refusal: reasonOf(error) });
        const { id = "", state } = response.payment ?? {};
        accepted.add(id);
        resolve({ final: state !== PaymentState.PENDING && state !== PaymentState.ACCEPTED });
      });
    });
  }

  return {
    async closed({ atOnce, seconds }) {
      const began = performance.now();
      const endMs = began + seconds * 1_000;
      let finals = 0;
      const caller = async () => {
        while (performance.now() < endMs) if ((await pay()).final) finals += 1;
      };
      await Promise.all(Array.from({ length: atOnce }, caller));
      return { finals, seconds: (performance.now() - began) / 1_000 };
    },
    async open({ perSecond, seconds }) {
      const calls: Call[] = [];
      const began = performance.now();
      let [begun, notOffered] = [0, 0];
      const begin = async () => {
        const startMs = performance.now() - began;
        const outcome = await pay();
        calls.push({ startMs, tookMs: performance.now() - began - startMs, ...outcome });
      };
      for (let nowMs = 0; nowMs < seconds * 1_000; nowMs = performance.now() - began) {
        for (const due = Math.floor((nowMs / 1_000) * perSecond); begun < due; begun += 1) {
          if (open < MAXIMUM_CALLS) void begin();
          else notOffered += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      const lasted = (performance.now() - began) / 1_000;
      return { seconds: lasted, calls, notOffered };
    },
    idle: () => until(60_000, async () => open === 0),
    accepted: () => accepted,
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** Asks again and again until the answer is true, or the time is over. */
export async function until(boundMs: number, ask: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + boundMs;
  while (!(await ask()) && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** The reason of a refusal, or the code of any other failure. */
function reasonOf(error: ServiceError): string {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes === undefined ? [] : Status.decode(Buffer.from(bytes)).details;
  const info = details.find(({ typeUrl }) => typeUrl.endsWith("google.rpc.ErrorInfo"));
  return info === undefined ? `code ${error.code}` : ErrorInfo.decode(info.value).reason;
}
