/** Selectors over properties that are not there (3.8.1.2), and over headers. */
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";
import { having, selectorCase } from "./selector-cases.js";

export const SELECTOR_NULL_AND_HEADER_CASES: readonly ConformanceCase[] = [
  selectorCase({
    number: 40,
    section: "3.8.1.2",
    title: "IS NULL is true of a property that is not there",
    selector: "colour IS NULL",
    yes: [having({}), having({ Colour: "red" })],
    no: [having({ colour: "red" }), having({ colour: "" })],
  }),
  selectorCase({
    number: 41,
    section: "3.8.1.2",
    title: "IS NOT NULL is true of a property that is there",
    selector: "colour IS NOT NULL",
    yes: [having({ colour: "red" }), having({ colour: "" })],
    no: [having({})],
  }),
  selectorCase({
    number: 42,
    section: "3.8.1.2",
    title: "A comparison with what is not there is unknown, and so is its negation",
    selector: "NOT (colour = 'red')",
    yes: [having({ colour: "blue" })],
    no: [having({}), having({ colour: "red" })],
  }),
  selectorCase({
    number: 43,
    section: "3.8.1.2",
    title: "Unknown OR true is true",
    selector: "colour = 'red' OR n = 1",
    yes: [having({ n: 1 })],
    no: [having({ n: 2 })],
  }),
  selectorCase({
    number: 44,
    section: "3.8.1.2",
    title: "NOT (unknown AND false) is true",
    selector: "NOT (colour = 'red' AND n = 2)",
    yes: [having({ n: 1 })],
    no: [having({ n: 2 })],
  }),
  selectorCase({
    number: 45,
    section: "3.8.1.2",
    title: "Arithmetic with what is not there is unknown",
    selector: "n + m = 1 OR NOT (n + m = 1)",
    yes: [having({ n: 1, m: 1 })],
    no: [having({ n: 1 })],
  }),
  selectorCase({
    number: 46,
    section: "3.8.1.2",
    title: "BETWEEN over what is not there is unknown, negated or not",
    selector: "n BETWEEN 1 AND 2 OR n NOT BETWEEN 1 AND 2",
    yes: [having({ n: 1 }), having({ n: 9 })],
    no: [having({})],
  }),
  selectorCase({
    number: 47,
    section: "3.8.1.2",
    title: "IN over what is not there is unknown, negated or not",
    selector: "s IN ('a') OR s NOT IN ('a')",
    yes: [having({ s: "a" }), having({ s: "b" })],
    no: [having({})],
  }),
  selectorCase({
    number: 48,
    section: "3.8.1.2",
    title: "LIKE over what is not there is unknown, negated or not",
    selector: "s LIKE 'a%' OR s NOT LIKE 'a%'",
    yes: [having({ s: "a" }), having({ s: "b" })],
    no: [having({})],
  }),
  selectorCase({
    number: 50,
    title: "JMSPriority may be asked for",
    selector: "JMSPriority >= 7",
    yes: [{ options: { priority: 7 } }, { options: { priority: 9 } }],
    no: [{ options: { priority: 6 } }, {}],
  }),
  selectorCase({
    number: 51,
    title: "JMSDeliveryMode may be asked for, by its names",
    selector: "JMSDeliveryMode = 'NON_PERSISTENT'",
    yes: [{ options: { deliveryMode: "non-persistent" } }],
    no: [{}],
  }),
  selectorCase({
    number: 52,
    title: "JMSType may be asked for",
    selector: "JMSType = 'car' AND weight > 2500",
    yes: [{ type: "car", properties: { weight: 2501 } }],
    no: [{ type: "bike", properties: { weight: 2501 } }, { properties: { weight: 2501 } }],
  }),
  selectorCase({
    number: 53,
    title: "JMSCorrelationID may be asked for",
    selector: "JMSCorrelationID = 'order-1'",
    yes: [{ correlationId: "order-1" }],
    no: [{ correlationId: "order-2" }, {}],
  }),
  selectorCase({
    number: 54,
    title: "JMSTimestamp may be asked for",
    selector: "JMSTimestamp > 1000",
    yes: [{}],
    no: [],
  }),
  selectorCase({
    number: 55,
    title: "JMSXGroupID may be asked for",
    selector: "JMSXGroupID = 'g-1'",
    yes: [{ groupId: "g-1" }],
    no: [{ groupId: "g-2" }, {}],
  }),
  {
    id: "J-3.8-56",
    section: "3.8.1.1",
    title: "JMSMessageID may be asked for, as the receiver reads it",
    run: async (context) => {
      const destination = context.queue();
      const id = context.name();
      await context.send(destination, { text: "other" });
      await context.send(destination, { text: "wanted", messageId: id });
      const consumer = await context.consumer(destination, { selector: `JMSMessageID = 'ID:${id}' OR last = TRUE` });
      expect(await context.rest(consumer)).to.deep.equal(["wanted"]);
    },
  },
  {
    id: "J-3.8-57",
    section: "3.8.1",
    title: "What a selector holds back on a queue stays there for others",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, { text: "red", properties: { colour: "red" } });
      await context.send(destination, { text: "blue", properties: { colour: "blue" } });
      const red = await context.consumer(destination, { selector: "colour = 'red'" });
      expect(await context.texts(red, 1)).to.deep.equal(["red"]);
      await red.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["blue"]);
    },
  },
  {
    id: "J-3.8-58",
    section: "3.8.1",
    title: "What a selector holds back on a topic's subscription is never delivered to it",
    run: async (context) => {
      const destination = context.topic();
      const red = await context.consumer(destination, { selector: "colour = 'red' OR last = TRUE" });
      const all = await context.consumer(destination);
      await context.send(destination, { text: "red", properties: { colour: "red" } });
      await context.send(destination, { text: "blue", properties: { colour: "blue" } });
      const texts = await context.rest(red);
      expect(texts).to.deep.equal(["red"]);
      expect(await context.texts(all, 2)).to.deep.equal(["red", "blue"]);
    },
  },
  {
    id: "J-3.8-59",
    section: "3.8.1",
    title: "Two consumers of one queue with selectors each get their own",
    run: async (context) => {
      const destination = context.queue();
      const odd = await context.consumer(destination, { selector: "odd = TRUE" });
      const even = await context.consumer(destination, { selector: "odd = FALSE" });
      for (let n = 1; n <= 6; n++) await context.send(destination, { text: `${n}`, properties: { odd: n % 2 === 1 } });
      expect(await context.texts(odd, 3)).to.deep.equal(["1", "3", "5"]);
      expect(await context.texts(even, 3)).to.deep.equal(["2", "4", "6"]);
    },
  },
  {
    id: "J-3.8-60",
    section: "3.8.1",
    title: "A selector cannot see a message's body",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination, { selector: "text = 'red' OR last = TRUE" });
      await context.send(destination, "red");
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
];
