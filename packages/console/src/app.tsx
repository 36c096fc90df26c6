/** The console: signed in or not, and the page of each address. */
import { useEffect } from "preact/hooks";
import { LocationProvider, Route, Router } from "preact-iso";
import { session, signIn, token } from "./api/session.js";
import { useLoad } from "./api/use-load.js";
import { texts } from "./i18n/i18n.js";
import { PaymentPage } from "./pages/payment.js";
import { PaymentsPage } from "./pages/payments.js";
import { readSession, SignInPage } from "./pages/sign-in.js";
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
          <Route path="/" component={PaymentsPage} />
          <Route path="/payments" component={PaymentsPage} />
          <Route path="/payments/:id" component={PaymentPage} />
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
