import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ALERTS, runbookOf } from "../../../dist/operator/monitoring/rules-files.js";

const read = (path: string) => readFileSync(new URL(`../../../../../${path}`, import.meta.url), "utf8");

describe("Alerts", () => {
  const names = ALERTS.map(({ name }) => name);

  it("have a name of their own each, and a severity by which Alertmanager routes them", () => {
    expect(names).to.have.lengthOf(new Set(names).size);
    const routes = read("deploy/monitoring/alertmanager.yaml");
    for (const severity of new Set(ALERTS.map((alert) => alert.severity))) {
      expect(routes).to.contain(`severity="${severity}"`);
    }
    for (const [, named = ""] of routes.matchAll(/alertname=~?"([^"]+)"/g)) {
      expect(names, "routes and inhibitions name alerts that exist").to.include.members(named.split("|"));
    }
  });

  it("have a section of the runbooks each, which says what they mean, what to look at and what to do", () => {
    const sections = new Map(
      read("docs/operating/runbooks.md")
        .split(/^## /m)
        .slice(2)
        .map((section) => [section.split("\n", 1)[0] ?? "", section]),
    );
    expect([...sections.keys()]).to.have.members(names);
    for (const [name, section] of sections) {
      for (const word of ["**Means.**", "**Look at**", /\*\*Do\*\*|\*\*do\*\*/])
        expect(section, name).to.match(pattern(word));
    }
    for (const alert of ALERTS) expect(runbookOf(alert)).to.match(/^docs\/operating\/runbooks\.md#[a-z]+$/);
  });

  it("have two cases of promtool's each, one in which they fire and one in which they must not", () => {
    const cases = read("deploy/monitoring/rules.test.yaml");
    for (const name of names) {
      expect(cases).to.contain(`- name: ${name} fires\n`);
      expect(cases).to.contain(`- name: ${name} stays silent\n`);
    }
  });
});

function pattern(word: string | RegExp): RegExp {
  return typeof word === "string" ? new RegExp(word.replaceAll("*", "\\*").replaceAll(".", "\\.")) : word;
}
