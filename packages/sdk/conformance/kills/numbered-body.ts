import type { Message, StandardSchemaV1 } from "@quittance/sdk";

/** The body of every message of a campaign. */
export interface NumberedBody {
  readonly id: string;
}

/** What was sent is known; a body that was damaged on its way would be none of these. */
export const numberedBody: StandardSchemaV1<unknown, NumberedBody> = {
  "~standard": {
    version: 1,
    vendor: "campaign",
    validate: (value) =>
      typeof (value as NumberedBody | null)?.id === "string"
        ? { value: value as NumberedBody }
        : { issues: [{ message: "has no id", path: ["id"] }] },
  },
};

export function idOf(message: Message): string {
  return message.json(numberedBody).id;
}
