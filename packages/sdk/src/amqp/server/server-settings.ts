/** What the server tells its peers, and what it holds them to. */

/** Given by whoever starts the server. */
export interface ServerSettings {
  readonly containerId: string;
  readonly product: string;
  readonly version: string;
  readonly maximumMessageBytes: number;
}

/** Artemis's `maxFrameSize` and `amqpIdleTimeout`, the latter advertised halved. */
export const MAXIMUM_FRAME_BYTES = 131_072;
const IDLE_TIMEOUT_MS = 30_000;
export const MAXIMUM_SESSIONS = 4_096;
const OFFERED_CAPABILITIES = ["sole-connection-for-container", "DELAYED_DELIVERY", "ANONYMOUS-RELAY", "SHARED-SUBS"];

export function peerProperties({ product, version }: ServerSettings): object {
  return { product, version };
}

export function connectionOptions(settings: ServerSettings): object {
  return {
    container_id: settings.containerId,
    max_frame_size: MAXIMUM_FRAME_BYTES,
    idle_time_out: IDLE_TIMEOUT_MS,
    channel_max: MAXIMUM_SESSIONS - 1,
    offered_capabilities: OFFERED_CAPABILITIES,
    properties: peerProperties(settings),
    reconnect: false,
    receiver_options: { credit_window: 0, autoaccept: false, autosettle: false },
    sender_options: { autosettle: false, treat_modified_as_released: false },
  };
}
