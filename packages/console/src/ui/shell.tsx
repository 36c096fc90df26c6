/** The frame around every page: skip link, menu, who is signed in, and what this session may do. */
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { changesAllowed, session, signOut } from "../api/session.js";
import { LANGUAGES, language, texts } from "../i18n/i18n.js";
import { LINKS } from "../links.js";
import { Announcements } from "./announce.js";
import { SelectField } from "./fields.js";
import { Icon, type IconName, Mark } from "./icons.js";
import { THEMES, theme } from "./theme.js";

const PAGES = [
  "overview",
  "payments",
  "accounts",
  "templates",
  "webhooks",
  "deadLetters",
] as const satisfies readonly IconName[];

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { skip, shell } = texts.value;
  const subject = session.value?.subject ?? "";
  return (
    <div class="shell">
      <a class="skip" href="#main">
        {skip}
      </a>
      <aside class="side" aria-label={texts.value.product}>
        <div class="brand-row">
          <Mark />
          <span class="brand-name">Quittance</span>
        </div>
        <Menu />
        <div class="side-foot">
          <ChangesSwitch />
          <Preferences />
          <div class="who">
            <span class="who-name" title={shell.signedInAs(subject)}>
              <span class="visually-hidden">{shell.signedInAs("")}</span>
              {subject}
            </span>
            <button type="button" class="ghost" onClick={() => signOut()}>
              <Icon name="out" />
              {shell.signOut}
            </button>
          </div>
        </div>
      </aside>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Announcements />
    </div>
  );
}

function Menu() {
  const { path } = useLocation();
  const { nav } = texts.value;
  return (
    <nav aria-label={nav.label}>
      <ul class="menu">
        {PAGES.map((page) => {
          const href = LINKS[page]();
          const isHere = href === "/" ? path === "/" : path.startsWith(href);
          return (
            <li key={page}>
              <a href={href} aria-current={isHere ? "page" : undefined}>
                <Icon name={page} />
                {nav[page]}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** Nothing can be changed until the reader says so, and only what the token's scopes allow. */
function ChangesSwitch() {
  const { shell } = texts.value;
  const canWrite = session.value?.scopes.some((scope) => scope.endsWith(":write")) ?? false;
  if (!canWrite) return <p class="hint">{shell.noWritingScope}</p>;
  const isOn = changesAllowed.value;
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={isOn}
      onClick={() => {
        changesAllowed.value = !isOn;
      }}
    >
      <Icon name={isOn ? "unlock" : "lock"} />
      <span>{shell.allowChanges}</span>
      <span class="switch-track" aria-hidden="true" />
    </button>
  );
}

export function Preferences() {
  const { shell } = texts.value;
  return (
    <div class="preferences">
      <SelectField
        label={shell.language}
        name="language"
        value={language.value}
        options={LANGUAGES.map(({ code, name }) => [code, name] as const)}
        onChange={(code) => {
          language.value = LANGUAGES.find((one) => one.code === code)?.code ?? language.value;
        }}
      />
      <SelectField
        label={shell.theme}
        name="theme"
        value={theme.value}
        options={THEMES.map((one) => [one, shell.themes[one]] as const)}
        onChange={(name) => {
          theme.value = THEMES.find((one) => one === name) ?? "system";
        }}
      />
    </div>
  );
}
