import { expect } from "chai";
import { continueTrace } from "../../dist/gateway/trace-context.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

describe("trace context", () => {
  it("continues a caller's trace with a span of its own, and keeps the sampling decision", () => {
    expect(continueTrace(`00-${TRACE}-${SPAN}-01`)).to.match(new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`));
    expect(continueTrace(`00-${TRACE}-${SPAN}-00`)).to.match(/-00$/);
    expect(continueTrace(`00-${TRACE}-${SPAN}-03`)).to.match(/-01$/);
  });

  it("takes what it knows of a later version", () => {
    expect(continueTrace(`01-${TRACE}-${SPAN}-01-more`)).to.contain(TRACE);
  });

  it("starts a trace when there is none, or one that is not valid", () => {
    const wrong = [
      undefined,
      "",
      "garbage",
      `ff-${TRACE}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
      `00-${TRACE}-${SPAN}`,
      `00-42424242424242424242424242424242-${SPAN}-01`,
      `00-00000000000000004242424242424242-${SPAN}-01`,
      `00-4242424242424242abcdefabcdefabcd-${SPAN}-01`,
      `01-a4242424242424242bcdefabcdefabcd-${SPAN}-01-more`,
    ];
    for (const given of wrong) {
      const made = continueTrace(given);
      expect(made, given).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(made.slice(3, 35), given).not.to.equal(TRACE);
      expect(made, given).not.to.contain("4242424242424242");
    }
  });
});
