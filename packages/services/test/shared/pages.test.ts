import { expect } from "chai";
import { endPage, MAXIMUM_PAGE_BYTES, readPageToken } from "../../dist/shared/pages.js";

describe("A page of a list", () => {
  const filters = { of: "texts" };
  const positionOf = ({ id }: { readonly id: number }) => [String(id)];
  const bytesOf = ({ bytes }: { readonly bytes: number }) => bytes;
  const rowsOf = (...bytes: number[]) => bytes.map((one, id) => ({ id, bytes: one }));
  const after = (token: string) => readPageToken(filters, token, () => true);

  it("ends when it holds what was asked for, and names the next one when there is more", () => {
    const whole = endPage(rowsOf(1, 1), 2, filters, positionOf, bytesOf);
    expect([whole.items.length, whole.nextPageToken]).to.deep.equal([2, ""]);
    const first = endPage(rowsOf(1, 1, 1), 2, filters, positionOf, bytesOf);
    expect([first.items.length, after(first.nextPageToken)]).to.deep.equal([2, ["1"]]);
  });

  it("ends early when its texts are long, and goes on behind the last one that it has", () => {
    const half = MAXIMUM_PAGE_BYTES / 2;
    const page = endPage(rowsOf(half, half, 1, 1), 10, filters, positionOf, bytesOf);
    expect([page.items.length, after(page.nextPageToken)]).to.deep.equal([2, ["1"]]);
  });

  it("holds one item however long it is", () => {
    const page = endPage(rowsOf(MAXIMUM_PAGE_BYTES + 1, 1), 10, filters, positionOf, bytesOf);
    expect([page.items.length, after(page.nextPageToken)]).to.deep.equal([1, ["0"]]);
  });
});
