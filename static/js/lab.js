// The lab while it is open: countdowns tick, the dot slides to the field of the next request, the line "now" moves, and
// controls act in place. Without this module every control is an ordinary form and the page an ordinary page.

import { offerPasskeys } from "./passkey.js";
import { localTimes } from "./times.js";

const PEEK_MS = 5000;
const AUTO_MS = 5000;

const lab = document.getElementById("lab");
const said = document.getElementById("said");
let state, skew, auto, busy = false, waiting, asked = 0, second;

function begin() {
  state = JSON.parse(lab.dataset.state);
  state.drawn = state.now;
  skew = state.now * 1000 - Date.now(); // the server's clock is the one that counts
  lab.querySelector("[data-live]").hidden = false;
  const button = lab.querySelector("[data-auto]");
  button.dataset.off = button.textContent;
  button.hidden = false;
  button.addEventListener("click", toggleAuto);
  sayAuto();
  for (const form of lab.querySelectorAll("form[data-lever]")) form.addEventListener("submit", pull);
  second = undefined;
  tick();
}

function now() {
  return (Date.now() + skew) / 1000;
}

// Time left as the server writes it.
function left(seconds) {
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  if (seconds < 172800) return lab.dataset.hours.replace("#", Math.round(seconds / 3600));
  return lab.dataset.days.replace("#", Math.round(seconds / 86400));
}

// Whenever a second begins, and not in between, because written text is laid out and painted anew.
function tick() {
  if (Math.floor(now()) === second) return;
  second = Math.floor(now());
  let crossed = false;
  for (const name of ["access", "refresh"]) {
    const token = state[name];
    if (token.expires_at === null) continue;
    const remaining = Math.max(token.expires_at - second, 0);
    const box = lab.querySelector(`[data-countdown="${name}"]`);
    box.querySelector("[data-left]").textContent = left(remaining);
    box.querySelector("progress").value = remaining;
    crossed ||= remaining === 0 && token.state === "valid";
  }
  tickFresh();
  moveNow();
  if (crossed) peek();
}

// How long a proof still counts: "fresh until", or that it is over.
function tickFresh() {
  const [on, off] = lab.querySelectorAll("[data-fresh] > span");
  const remaining = (state.fresh_until ?? 0) - now();
  on.querySelector("[data-left]").textContent = left(Math.ceil(Math.max(remaining, 0)));
  on.hidden = remaining < 0;
  off.hidden = !on.hidden;
}

function moveNow() {
  const drawing = lab.querySelector("svg[data-scale]");
  const shift = (second - state.drawn) * Number(drawing.dataset.scale);
  const most = drawing.viewBox.baseVal.width - 16 - Number(drawing.dataset.nowX);
  lab.querySelector("[data-now]").setAttribute("transform", `translate(${Math.min(shift, most).toFixed(1)} 0)`);
}

// Ask what the next request would be. Looking changes nothing on the server.
async function peek() {
  if (busy || Date.now() - asked < 700) return;
  asked = Date.now();
  try {
    const answer = await fetch(lab.dataset.stateUrl, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok || busy) return;
    const seen = await answer.json();
    skew = seen.now * 1000 - Date.now();
    relight({ ...seen, drawn: state.drawn });
  } catch {
    // Offline: the countdowns go on by themselves, and the next look tries again.
  }
}

function relight(seen) {
  const changed = seen.case !== state.case || seen.outcome !== state.outcome;
  state = seen;
  for (const name of ["access", "refresh"]) {
    const pill = lab.querySelector(`[data-countdown="${name}"] .pill`);
    pill.className = `pill is-${seen[name].state}`;
    pill.textContent = seen[name].word;
    lab.querySelector(`[data-countdown="${name}"] progress`).max = seen[name].life;
    if (seen[name].state !== "valid") endBar(name);
  }
  for (const cell of lab.querySelectorAll("[data-cell]")) mark(cell, seen.live && cell.dataset.cell === seen.cell);
  if (!changed) return;
  lab.querySelector("[data-headline]").textContent =
    seen.case === null ? lab.dataset.noCase : lab.dataset.case.replace("#", seen.case);
  lab.querySelector("[data-words]").textContent = seen.words;
  say(`${lab.querySelector("[data-headline]").textContent}: ${seen.words}.`);
  lab.querySelector("[data-square]").dataset.case = seen.case ?? "";
  for (const field of lab.querySelectorAll("[data-field]")) mark(field, Number(field.dataset.field) === seen.case);
  for (const [index, row] of lab.querySelectorAll(".cases tbody tr").entries()) {
    row.querySelector(".case-now")?.remove();
    mark(row, index + 1 === seen.case);
    if (index + 1 !== seen.case) continue;
    const label = document.createElement("span");
    label.className = "case-now";
    label.textContent = lab.dataset.next;
    row.querySelector(".case-action").append(label);
  }
}

function mark(element, isCurrent) {
  if (isCurrent) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
}

// The bar of a token that is over fades, its letters with it.
function endBar(name) {
  for (const bar of lab.querySelectorAll(`[data-bar="${name}"]`)) {
    bar.querySelector("rect").classList.add("past");
    bar.querySelector("text")?.classList.remove("on-now", "on-refresh");
  }
}

// Send a form and show the page that comes back, here.
function pull(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const fields = new URLSearchParams(new FormData(form));
  const button = event.submitter;
  if (button?.name) fields.append(button.name, button.value); // older browsers' FormData knows no button
  send(form.getAttribute("action"), fields, placeOf(button ?? form.querySelector("button")));
}

// Where a button is: its number in its section, since the page that comes back has the same buttons or, in place of one,
// what takes it back.
function placeOf(button) {
  const section = button.closest("section[id], .dock") ?? lab;
  return { section: section.id ? `#${section.id}` : ".dock", index: buttonsOf(section).indexOf(button) };
}

function buttonsOf(section) {
  return [...section.querySelectorAll("form[data-lever] button")];
}

// For screen readers. Emptied first, because the same sentence twice is news as well.
function say(text) {
  said.textContent = "";
  setTimeout(() => (said.textContent = text), 60);
}

function send(action, fields, place) {
  if (busy) {
    waiting = [action, fields, place]; // pressed while another was under way: it comes next
    return;
  }
  busy = true;
  // XMLHttpRequest because it parses a page without running anything in it, which is all that Trusted Types allow.
  const request = new XMLHttpRequest();
  request.open("POST", action.split("#")[0]);
  request.responseType = "document";
  request.setRequestHeader("Accept", "text/html");
  request.onloadend = () => {
    busy = false;
    const page = [200, 422].includes(request.status) ? request.response?.getElementById("lab") : null;
    // Asked to log in, or anything unforeseen: let the browser go there itself.
    if (page) show(page, action, place);
    else return location.assign(lab.dataset.pageUrl);
    const next = waiting;
    waiting = undefined;
    if (next) send(...next);
  };
  request.send(fields);
}

function show(page, action, place) {
  const open = [...lab.querySelectorAll("details.fold")].map((fold) => fold.open);
  const cards = [...lab.querySelectorAll("li:not(:first-child) > details[data-event][open]")].map((card) => card.dataset.event);
  const scrolled = [...lab.querySelectorAll(".timeline-x, .table-x")].map((box) => box.scrollLeft);
  const before = lab.querySelector("[data-square]").dataset.case;
  const hadFocus = lab.contains(document.activeElement);
  for (const name of Object.keys(page.dataset)) lab.dataset[name] = page.dataset[name];
  lab.replaceChildren(...page.childNodes);
  for (const [index, fold] of lab.querySelectorAll("details.fold").entries()) fold.open ||= open[index];
  for (const card of lab.querySelectorAll("details[data-event]")) card.open ||= cards.includes(card.dataset.event);
  const boxes = [...lab.querySelectorAll(".timeline-x, .table-x")];
  if (boxes.length === scrolled.length) boxes.forEach((box, index) => (box.scrollLeft = scrolled[index]));
  localTimes(lab);
  offerPasskeys(lab);
  slide(before);
  begin();
  say(lab.dataset.said);
  const target = action.split("#")[1];
  if (target) document.getElementById(target)?.scrollIntoView({ block: "start" });
  if (hadFocus && place) focusAgain(place);
}

// Let the dot start where it was.
function slide(before) {
  const square = lab.querySelector("[data-square]");
  const after = square.dataset.case;
  if (before === after) return;
  square.dataset.case = before;
  square.querySelector(".square-dot").getBoundingClientRect();
  square.dataset.case = after;
}

function focusAgain(place) {
  const button = buttonsOf(place.section === "#lab" ? lab : lab.querySelector(place.section) ?? lab)[place.index];
  button?.focus({ preventScroll: true });
  button?.scrollIntoView({ block: "nearest" });
}

function toggleAuto() {
  if (auto) auto = clearInterval(auto);
  else auto = setInterval(() => document.hidden || sendOne(), AUTO_MS);
  sayAuto();
}

function sayAuto() {
  const button = lab.querySelector("[data-auto]");
  button.textContent = auto ? button.dataset.on : button.dataset.off;
  button.classList.toggle("is-on", Boolean(auto));
}

function sendOne() {
  if (busy) return; // only what a person pressed waits its turn
  const form = lab.querySelector("#board .levers form[data-lever]");
  send(form.getAttribute("action"), new URLSearchParams(new FormData(form)));
}

// Another theme without a request of its own for the page, because the case that a control has prepared is still to come.
function changeTheme(event) {
  const button = event.submitter;
  if (button?.name !== "theme") return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(event.currentTarget));
  fields.set("theme", button.value);
  fetch(event.currentTarget.action, { method: "POST", body: fields, redirect: "manual" }).catch(() => {}); // offline: for this page only
  document.documentElement.dataset.theme = button.value;
  const buttons = [...event.currentTarget.querySelectorAll("[name=theme]")];
  const next = buttons[(buttons.indexOf(button) + 1) % buttons.length];
  for (const other of buttons) other.hidden = other !== next;
  next.focus();
}

if (lab) {
  begin();
  document.querySelector("[name=theme]").form.addEventListener("submit", changeTheme);
  setInterval(tick, 250);
  setInterval(() => document.hidden || peek(), PEEK_MS);
  document.addEventListener("visibilitychange", () => document.hidden || peek());
}
