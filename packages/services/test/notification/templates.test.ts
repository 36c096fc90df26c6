import { expect } from "chai";
import { readActiveTemplates } from "../../dist/notification/operations/read-active-templates.js";
import { type Template, TemplateRenderer } from "../../dist/notification/render-template.js";
import {
  disabledEndpointVariables,
  refundTemplateNameOf,
  refundVariables,
  templateNameOf,
  templateVariables,
} from "../../dist/notification/template-variables.js";
import { openDatabase } from "../../dist/platform/database.js";
import { PUBLIC_DECLINE_REASONS, REFUND_DECLINE_REASONS } from "../../dist/shared/decline.js";
import type { PaymentEndMessage } from "../../dist/shared/messages.js";
import type { RefundEndMessage } from "../../dist/shared/refund-messages.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { paymentEnd, refundEnd } from "./ends.js";

describe("The templates that the migrations bring", () => {
  const database = useDatabase();
  const renderer = new TemplateRenderer();
  const byLanguage: Record<string, Template[]> = {};

  before(async () => {
    const opened = openDatabase({
      url: database().urlOf("notification"),
      poolSize: 1,
      service: "templates-test",
      log: captureLog().log,
    });
    const active = await opened.autoCommit((client) => readActiveTemplates(client));
    for (const language of ["en", "fr"]) byLanguage[language] = active.filter((one) => one.language === language);
    await opened.close();
  });

  function rendered(end: PaymentEndMessage, language: string) {
    const template = byLanguage[language]?.find(({ name }) => name === templateNameOf(end));
    if (template === undefined) throw new Error(`There is no template in ${language}.`);
    const text = renderer.render(template, templateVariables(end, language));
    return { subject: text.subject.replace(/\p{Zs}/gu, " "), body: text.body.replace(/\p{Zs}/gu, " ") };
  }

  it("report a success in English", () => {
    const end = paymentEnd();
    expect(rendered(end, "en")).to.deep.equal({
      subject: "Payment of €12.50 succeeded",
      body:
        "The payment of €12.50 to m-bookshop with the visa card ending in 4242 succeeded on 2026-05-15 at 10:00 UTC.\n" +
        `For: Two books\nPayment: ${end.payment.id}`,
    });
  });

  it("report a success in French", () => {
    const end = paymentEnd({ description: "" });
    expect(rendered(end, "fr")).to.deep.equal({
      subject: "Paiement de 12,50 € accepté",
      body:
        "Le paiement de 12,50 € à m-bookshop par la carte visa se terminant par 4242 a été accepté le 15/05/2026 à " +
        `10:00 UTC.\nPaiement : ${end.payment.id}`,
    });
  });

  for (const language of ["en", "fr"]) {
    it(`give each reason of a decline that merchants are told a sentence of its own in ${language}`, () => {
      const sentences = PUBLIC_DECLINE_REASONS.map((declineReason) => {
        const [first = ""] = rendered(paymentEnd({ declineReason }), language).body.split("\n");
        return first;
      });
      expect(new Set(sentences).size).to.equal(PUBLIC_DECLINE_REASONS.length);
      for (const sentence of sentences) {
        expect(sentence).to.match(/UTC ?: \p{Ll}.*\.$/u);
        expect(sentence).to.not.match(/gave no reason|n'a pas donné de raison/);
      }
    });
  }

  it("say that the money goes back when the merchant's bank declined, and only then", () => {
    const declined = { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" } as const;
    expect(rendered(paymentEnd(declined), "en").body).to.contain("goes back to the client's account");
    expect(rendered(paymentEnd(declined), "fr").body).to.contain("rendu au compte du client");
    const byClient = { declineReason: "CARD_EXPIRED", declinedBy: "client-side" } as const;
    expect(rendered(paymentEnd(byClient), "en").body).to.not.contain("goes back");
  });

  for (const language of ["en", "fr"]) {
    it(`report refunds in ${language}, and give each reason of a refund's decline a sentence of its own`, () => {
      const paymentId = `pay_${"b".repeat(32)}`;
      const told = (changes: Partial<RefundEndMessage["refund"]>) => {
        const end = refundEnd({ paymentId, ...changes });
        const template = byLanguage[language]?.find(({ name }) => name === refundTemplateNameOf(end));
        if (template === undefined) throw new Error(`There is no template in ${language}.`);
        return renderer.render(template, refundVariables(end, language));
      };
      const made = told({});
      expect(made.subject.replace(/\p{Zs}/gu, " ")).to.equal(
        language === "en" ? "Refund of €3.50 succeeded" : "Remboursement de 3,50 € effectué",
      );
      expect(made.body).to.contain(paymentId).and.to.contain(refundEnd().refund.id);
      expect(told({ declineReason: "ALREADY_REFUNDED", amount: undefined }).subject).to.equal(
        language === "en" ? "Refund declined" : "Remboursement refusé",
      );
      const sentences = REFUND_DECLINE_REASONS.map(
        (declineReason) => told({ declineReason }).body.split("\n")[0] ?? "",
      );
      expect(new Set(sentences).size).to.equal(REFUND_DECLINE_REASONS.length);
      for (const sentence of sentences) {
        expect(sentence).to.match(/UTC ?: \p{Ll}.*\.$/u);
        expect(sentence).to.not.match(/gave no reason|n'a pas donné de raison/);
      }
    });
  }

  for (const [language, subject, why] of [
    ["en", "Webhook endpoint we_1 disabled", { failing: /has failed since 2026-05-10 at 10:00 UTC/, gone: /410/ }],
    ["fr", "Webhook we_1 désactivé", { failing: /a échoué depuis le 10\/05\/2026 à 10:00 UTC/, gone: /410/ }],
  ] as const) {
    it(`report an endpoint that was disabled, and why, in ${language}`, () => {
      const template = byLanguage[language]?.find(({ name }) => name === "webhook-endpoint-disabled");
      if (template === undefined) throw new Error(`There is no template in ${language}.`);
      for (const disableReason of ["failing", "gone"] as const) {
        const text = renderer.render(
          template,
          disabledEndpointVariables({
            ...{ id: "we_1", merchantId: "m-bookshop", url: "https://user:secret@shop.example:8443/hook?token=secret" },
            disableReason,
            failingSince: new Date("2026-05-10T10:00:00Z"),
            updateTime: new Date("2026-05-15T10:00:00Z"),
          }),
        );
        expect(text.subject).to.equal(subject);
        expect(text.body).to.match(why[disableReason]).and.to.contain("shop.example:8443");
        expect(text.body, "a URL may hold a secret").to.not.contain("secret");
      }
    });
  }

  it("keep a description from passing for lines of theirs", () => {
    const body = rendered(paymentEnd({ description: "Book\nPayment: pay_other\u202E{{ x }}" }), "en").body;
    expect(body).to.contain("\nFor: Book Payment: pay_other {{ x }}\n");
  });

  it("keep their texts and their history from the service's role, which deletes nothing", async () => {
    const opened = openDatabase({
      url: database().urlOf("notification"),
      poolSize: 1,
      service: "templates-test",
      log: captureLog().log,
    });
    for (const statement of [
      "UPDATE notification.templates SET body = ''",
      "DELETE FROM notification.templates",
      "UPDATE notification.templates SET creator = 'ada'",
      "UPDATE notification.template_actions SET actor = 'ada'",
      "DELETE FROM notification.template_actions",
      "DELETE FROM notification.notifications",
      "UPDATE notification.notifications SET body = ''",
      "CREATE TABLE notification.other (id int)",
    ]) {
      const refused = await opened.autoCommit((client) => client.query(statement)).catch((error: unknown) => error);
      expect(refused, statement).to.have.property("code", "42501");
    }
    await opened.close();
  });

  it("have at most one active version in each language", async () => {
    const second = `INSERT INTO notification.templates (name, language, version, subject, body, active)
                    VALUES ('payment-succeeded', 'en', 2, '', '', true)`;
    expect(
      await database()
        .query(second)
        .catch((error: unknown) => error),
    ).to.have.property("code", "23505");
  });
});
