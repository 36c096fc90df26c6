import type { Message, StandardSchemaV1 } from "@quittance/sdk";

/** The body of every message of a soak. */
export interface NumberedMessage {
  readonly id: number;
  readonly padding?: string;
}

export const numberedMessage: StandardSchemaV1<unknown, NumberedMessage> = {
  "~standard": {
    version: 1,
    vendor: "soak",
    validate: (value) =>
      Number.isInteger((value as NumberedMessage | null)?.id)
        ? { value: value as NumberedMessage }
        : { issues: [{ message: "has no number", path: ["id"] }] },
  },
};

export function numberOf(message: Message): number {
  return message.json(numberedMessage).id;
}
