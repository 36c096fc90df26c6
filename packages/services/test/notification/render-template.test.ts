import { expect } from "chai";
import { TemplateError, TemplateRenderer } from "../../dist/notification/render-template.js";

let version = 0;
function template(body: string, subject = "Subject") {
  version += 1;
  return { name: "test", language: "en", version, subject, body };
}

describe("TemplateRenderer", () => {
  const renderer = new TemplateRenderer();

  it("renders variables, conditions and filters", () => {
    const text = template("{% if paid %}{{ amount | upcase }}{% endif %}", "For {{ who }}");
    expect(renderer.render(text, { paid: true, amount: "ten", who: "Ada" })).to.deep.equal({
      subject: "For Ada",
      body: "TEN",
    });
  });

  const broken: [string, string, RegExp][] = [
    ["an unknown variable", "{{ nobody }}", /Template test \(en, version \d+\).*undefined variable: nobody/],
    ["an unknown filter", "{{ name | shout }}", /undefined filter: shout/],
    ["an unclosed tag", "{% if name %}", /not closed/],
    ["a partial, even one that is a file", "{% include '/etc/hostname' %}", /cannot be rendered/],
    ["a partial by a relative path", "{% render '../package.json' %}", /cannot be rendered/],
    ["a layout", "{% layout 'x' %}", /cannot be rendered/],
    ["a loop", "{% for i in (1..50000) %}{{ i }}{% endfor %}", /tag "for" not found/],
    ["a capture, which could double itself", "{% capture a %}{{ name }}{% endcapture %}", /tag "capture" not found/],
    [
      "a text that doubles itself",
      `{% assign a = long %}${"{% assign a = a | append: a %}".repeat(40)}`,
      /limit exceeded/,
    ],
    ["a template that is too long", "x".repeat(20_001), /limit exceeded/],
    ["a body that is too long", "{{ long }}".repeat(11), /longer than 10000 characters/],
    ["a property of a prototype", "{{ name.constructor }}", /undefined variable/],
    ["a variable of a prototype", "{{ constructor }}", /undefined variable/],
  ];
  for (const [what, body, message] of broken) {
    it(`refuses ${what}`, () => {
      const variables = { name: "Ada", long: "x".repeat(1_000) };
      expect(() => renderer.render(template(body), variables)).to.throw(TemplateError, message);
    });
  }

  it("writes a variable as it is, and what the text assigns in its place", () => {
    const text = template(
      '{{ name }}{% assign name = "Bob" %} {{ name }} {{ count }} {{ none }}{{ paid }}',
      "{{name}}",
    );
    expect(renderer.render(text, { name: "Ada & Co", count: 7, none: null, paid: false })).to.deep.equal({
      subject: "Ada & Co",
      body: "Ada & Co Bob 7 false",
    });
    expect(renderer.render(template("{{ given.name }}{{ 'quoted' }}"), { given: { name: "Ada" } }).body).to.equal(
      "Adaquoted",
    );
    expect(renderer.variablesOf(text, "body")).to.include.members(["name", "count"]);
  });

  it("keeps a subject on one line", () => {
    expect(renderer.render(template("b", "one\r\ntwo: {{ v }}"), { v: "x\ny" }).subject).to.equal("one two: x y");
  });

  it("does not render what a value says", () => {
    expect(renderer.render(template("{{ v }}"), { v: "{{ secret }}{% raw %}" }).body).to.equal("{{ secret }}{% raw %}");
  });

  it("renders the text that it is given, be it changed under the same version", () => {
    const first = template("first");
    expect(renderer.render(first, {}).body).to.equal("first");
    expect(renderer.render({ ...first, body: "changed" }, {}).body).to.equal("changed");
    expect(renderer.render(template("second"), {}).body).to.equal("second");
  });

  it("tells the variables that a template names, in branches that are never taken too", () => {
    const text = template(
      "{% assign own = a %}{{ own }}{% if b == 'x' %}{{ c | append: d }}{% endif %}{% case e %}{% when f %}{% endcase %}",
      "{{ g }}{% comment %}{{ h }}{% endcomment %}",
    );
    expect(renderer.variablesOf(text, "body")).to.deep.equal(["a", "b", "c", "d", "e", "f"]);
    expect(renderer.variablesOf(text, "subject")).to.deep.equal(["g"]);
    expect(() => renderer.variablesOf(template("{% if %}"), "body")).to.throw(TemplateError);
  });

  it("escapes what variables hold in HTML, whatever filter is tried, and nowhere else", () => {
    const html = { ...template("{{ v }}"), htmlBody: "<p>{{ v }} {{ v | upcase }}</p>" };
    const variables = { v: `<b onclick="x">A & 'B'` };
    expect(renderer.renderPart(html, "htmlBody", variables)).to.equal(
      "<p>&lt;b onclick=&#34;x&#34;&gt;A &amp; &#39;B&#39; &lt;B ONCLICK=&#34;X&#34;&gt;A &amp; &#39;B&#39;</p>",
    );
    expect(renderer.renderPart(html, "body", variables)).to.equal(variables.v);
    const raw = { ...template("b"), htmlBody: "{{ v | raw }}" };
    expect(() => renderer.renderPart(raw, "htmlBody", variables)).to.throw(TemplateError, /undefined filter: raw/);
    expect(renderer.renderPart(template("b"), "htmlBody", variables)).to.equal("");
  });
});
