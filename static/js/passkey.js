// Passkeys: a form brings the options, the browser's answer goes back in its field `credential`. Nothing is fetched.
// Without this module, and where the browser has no passkeys, nothing of them is shown.

const keys = globalThis.PublicKeyCredential;

function attend(form) {
  const { passkey, said, known } = form.dataset;
  const options = JSON.parse(passkey);
  const isNew = "pubKeyCredParams" in options;
  const button = form.querySelector("[data-passkey-ask]");
  const line = button.nextElementSibling;
  const waiting = new AbortController(); // made before anything is awaited, so that a click always finds it

  async function ask(more) {
    const answer = isNew
      ? await navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options), ...more })
      : await navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options), ...more });
    form.elements.credential.value = JSON.stringify(answer.toJSON());
    form.requestSubmit(button);
  }

  button.addEventListener("click", async (event) => {
    event.preventDefault();
    waiting.abort();
    line.textContent = "";
    // Cancelled, timed out, none here. The browser tells none of them apart, and has told the person.
    await ask().catch((error) => (line.textContent = error.name === "InvalidStateError" ? known : said));
  });

  return () => ask({ mediation: "conditional", signal: waiting.signal }).catch(() => {});
}

export function offerPasskeys(root) {
  if (!(keys?.parseCreationOptionsFromJSON && keys.parseRequestOptionsFromJSON && keys.prototype.toJSON)) return;
  for (const form of root.querySelectorAll("form[data-passkey]")) {
    const offerInList = attend(form);
    if ("inList" in form.dataset) keys.isConditionalMediationAvailable?.().then((can) => can && offerInList());
  }
  for (const part of root.querySelectorAll("[data-for-passkeys]")) part.hidden = false;
  for (const part of root.querySelectorAll("[data-without-passkeys]")) part.hidden = true;
}

offerPasskeys(document);
