import { readdir, readFile } from "node:fs/promises";
import type { DescField, DescMethod } from "@bufbuild/protobuf";
import { expect } from "chai";
import { apiRegistry } from "../../dist/gateway/api-descriptor.js";
import { API_ERROR_REASONS } from "../../dist/gateway/api-error.js";
import { accessOf, behaviorsOf, ERROR_TERMS, httpBindingOf, reasonsOf } from "../../dist/gateway/api-options.js";
import { statusOf } from "../../dist/gateway/http-problem.js";
import { commentOf } from "../../dist/gateway/openapi/proto-comments.js";
import { MANAGEMENT_REASONS } from "../../dist/shared/management-error.js";

const SOURCES = new URL("../../src/gateway/", import.meta.url);

const files = [...apiRegistry.files].filter(({ proto }) => /^quittance\.(?!api\.)/.test(proto.package));
const methods: readonly DescMethod[] = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
const fields: readonly DescField[] = files.flatMap(({ messages }) => messages.flatMap((message) => message.fields));

describe("The API's definition", () => {
  it("gives every method that answers once a path over HTTP, and says for each who may call it", () => {
    expect(methods).not.to.have.length(0);
    for (const method of methods) {
      if (method.methodKind === "unary") expect(httpBindingOf(method), String(method)).not.to.equal(undefined);
      expect(accessOf(method).scope, String(method)).to.match(/^[a-z]+:(read|write)$/);
    }
  });

  it("says of every field what it is for", () => {
    for (const field of fields) expect(behaviorsOf(field).size, String(field)).to.be.above(0);
  });

  it("lists in each method's comment every code that a call may end with", () => {
    for (const method of methods) {
      const comment = commentOf(method);
      const own = reasonsOf(method);
      const mayCome = [...ERROR_TERMS].filter(
        ([reason, { occurs }]) => occurs === "EVERY_CALL" || own.includes(reason),
      );
      for (const code of new Set(mayCome.map(([, terms]) => terms.code))) {
        expect(comment.slice(comment.indexOf("Errors:")), String(method)).to.include(code);
      }
    }
  });

  it("documents every reason that the gateway has, and no other", () => {
    const reasons = new Set<string>([...API_ERROR_REASONS, ...MANAGEMENT_REASONS]);
    expect([...ERROR_TERMS.keys()].sort()).to.deep.equal([...reasons].sort());
  });

  it("documents each reason with the code that the gateway gives it, and its status over HTTP", async () => {
    const sources = (await readdir(SOURCES)).filter((file) => file.endsWith(".ts"));
    const texts = await Promise.all(sources.map((file) => readFile(new URL(file, SOURCES), "utf8")));
    const made = texts.flatMap((text) => [...text.matchAll(/new ApiError\(\s*"([A-Z_]+)",\s*"([A-Z_]+)"/g)]);
    expect(made.length).to.be.above(20);
    for (const [, code, reason] of made) {
      expect(ERROR_TERMS.get(reason as never)?.code, reason).to.equal(code);
    }
    for (const [reason, { code, httpStatus }] of ERROR_TERMS) {
      const usual = statusOf({ code, reason: "INTERNAL" });
      expect(statusOf({ code, reason }), reason).to.equal(httpStatus === 0 ? usual : httpStatus);
    }
  });
});
