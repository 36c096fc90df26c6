/** The console: signed in or not, and the page of each address. */
import { useEffect } from "preact/hooks";
import { LocationProvider, Route, Router } from "preact-iso";
import { session, signIn, token } from "./api/session.js";
import { useLoad } from "./api/use-load.js";
import { texts } from "./i18n/i18n.js";
import { ClientPage, MerchantPage } from "./pages/account.js";
import { AccountsPage } from "./pages/accounts.js";
import { DeadLetterPage } from "./pages/dead-letter.js";
import { DeadLettersPage } from "./pages/dead-letters.js";
import { EventPage } from "./pages/event.js";
import { OverviewPage } from "./pages/overview.js";
import { PaymentPage } from "./pages/payment.js";
import { PaymentsPage } from "./pages/payments.js";
import { readSession, SignInPage } from "./pages/sign-in.js";
import { TemplatePage } from "./pages/template.js";
import { TemplatesPage } from "./pages/templates.js";
import { WebhooksPage } from "./pages/webhooks.js";
import { Shown } from "./ui/notes.js";
import { Page } from "./ui/page.js";
import { Shell } from "./ui/shell.js";

export function App() {
  if (token.value === undefined) return <SignInPage />;
  if (session.value === undefined) return <Opening token={token.value} />;
  return (
    <LocationProvider>
      <Shell>
        <Router>
          <Route path="/" component={OverviewPage} />
          <Route path="/payments" component={PaymentsPage} />
          <Route path="/payments/:id" component={PaymentPage} />
          <Route path="/accounts" component={AccountsPage} />
          <Route path="/accounts/clients/:id" component={ClientPage} />
          <Route path="/accounts/merchants/:id" component={MerchantPage} />
          <Route path="/templates" component={TemplatesPage} />
          <Route path="/templates/:name/:language" component={TemplatePage} />
          <Route path="/webhooks" component={WebhooksPage} />
          <Route path="/webhooks/events/:id" component={EventPage} />
          <Route path="/dead-letters" component={DeadLettersPage} />
          <Route path="/dead-letters/:id" component={DeadLetterPage} />
          <Route default component={NotFoundPage} />
        </Router>
      </Shell>
    </LocationProvider>
  );
}

/** A page that was loaded again has a token, and asks what it may be used for. */
function Opening({ token: kept }: { readonly token: string }) {
  const loaded = useLoad(kept, (signal) => readSession(kept, signal));
  const { value } = loaded;
  useEffect(() => {
    if (value !== undefined) signIn(kept, value);
  }, [value, kept]);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Page title={texts.value.product}>
          <Shown loaded={loaded}>{() => null}</Shown>
        </Page>
      </div>
    </main>
  );
}

function NotFoundPage() {
  const { notFound } = texts.value;
  return (
    <Page title={notFound.title}>
      <p>{notFound.text}</p>
    </Page>
  );
}
