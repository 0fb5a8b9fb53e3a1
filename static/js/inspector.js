// The inspector while you type: the parts, the verdict and the claims follow. Dates are shown in the reader's own zone.
// Without this module the button "Inspect" does the same.

import { localTimes } from "./times.js";

const desk = document.getElementById("desk");
const PAUSE_MS = 700;
let timer, running, restingUntil = 0;

// XMLHttpRequest because it parses a page without running anything in it, which is all that Trusted Types allow.
function inspect() {
  if (Date.now() < restingUntil) return;
  running?.abort();
  const fields = new URLSearchParams(new FormData(desk));
  fields.set("do", "inspect");
  const request = (running = new XMLHttpRequest());
  request.open("POST", desk.getAttribute("action"));
  request.responseType = "document";
  request.setRequestHeader("Accept", "text/html");
  request.onload = () => {
    // Too many requests: from here on the button inspects, until the time that was told is over.
    if (request.status === 429) restingUntil = Date.now() + 1000 * (Number(request.getResponseHeader("Retry-After")) || 60);
    const page = [200, 422].includes(request.status) ? request.response?.getElementById("desk") : null;
    if (page) follow(page);
  };
  request.send(fields);
}

function follow(page) {
  localTimes(page);
  for (const part of desk.querySelectorAll("[data-live-part]")) {
    part.replaceChildren(...page.querySelector(`[data-live-part="${part.dataset.livePart}"]`).childNodes);
  }
  for (const name of ["token", "key"]) {
    desk.querySelector(`#${name}-error`).replaceChildren(...page.querySelector(`#${name}-error`).childNodes);
    const wrong = page.querySelector(`#${name}`).getAttribute("aria-invalid");
    if (wrong) desk.querySelector(`#${name}`).setAttribute("aria-invalid", wrong);
    else desk.querySelector(`#${name}`).removeAttribute("aria-invalid");
  }
  // This text is no example any more.
  for (const button of desk.querySelectorAll("[name=example]")) button.setAttribute("aria-pressed", "false");
  // The builder follows the token, unless its fields are being edited.
  if (!desk.querySelector("#build").contains(document.activeElement)) {
    for (const name of ["header", "claims", "alg"]) desk.querySelector(`#${name}`).value = page.querySelector(`#${name}`).value;
  }
}

if (desk) {
  desk.addEventListener("input", (event) => {
    if (!["token", "key"].includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(inspect, PAUSE_MS);
  });
}
