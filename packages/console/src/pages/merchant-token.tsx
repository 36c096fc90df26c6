/** Asks for a merchant's token, where what is asked for is a merchant's own. */
import { useSignal } from "@preact/signals";
import { keepMerchantToken, merchantFor, merchantToken } from "../api/session.js";
import { texts } from "../i18n/i18n.js";
import { TextField } from "../ui/fields.js";
import { Panel } from "../ui/page.js";

export function MerchantTokenForm({ scope }: { readonly scope: string }) {
  const { merchantToken: words } = texts.value;
  const isWrong = useSignal(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const pasted = String(new FormData(event.currentTarget as HTMLFormElement).get("merchant-token"));
    keepMerchantToken(pasted.trim().replace(/^bearer +/i, ""));
    isWrong.value = merchantFor(scope) === undefined;
  };
  return (
    <Panel title={words.title}>
      <form class="panel-body narrow" onSubmit={submit}>
        <p class="muted">{words.text}</p>
        <TextField label={words.label} name="merchant-token" type="password" value="" required />
        {isWrong.value && (
          <p class="bad" role="alert">
            {words.wrong}
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary">
            {words.submit}
          </button>
        </div>
      </form>
    </Panel>
  );
}

/** Drops the merchant's token, when the merchant is not who signed in. */
export function ForgetMerchant({ merchant }: { readonly merchant: string }) {
  if (merchantToken.value === undefined) return null;
  return (
    <button type="button" class="ghost" onClick={() => keepMerchantToken(undefined)}>
      {texts.value.merchantToken.forget(merchant)}
    </button>
  );
}
