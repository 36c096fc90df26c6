/** A webhook on its way, and what became of it. */

/** What is posted, and in which trace. */
export interface PostedWebhook {
  readonly id: string;
  readonly payload: string;
  readonly traceparent?: string | null;
  readonly tracestate?: string | null;
}

/** What the receiver, or the way to it, made of an attempt. Reasons name no URL and quote no answer. */
export type PostResult =
  | { readonly kind: "delivered"; readonly status: number }
  /** 410 Gone: the receiver wants no further attempt. */
  | { readonly kind: "gone" }
  | {
      readonly kind: "failed";
      readonly reason: string;
      /** The answer's, where there was one. */
      readonly status?: number;
      readonly retryAfterMs?: number;
    };
