// An act, line by line: what belongs to a line of the story appears with it. The server has played the act already; this
// only shows it again. Without this module, or where motion is unwelcome, the drawing is complete at once.

const LINE_MS = 2200;

const scene = document.querySelector("[data-scene]");
const last = Number(scene?.dataset.lines) + 1; // the verdict comes after the last line
let step = last, timer;

function show(line) {
  step = Math.min(Math.max(line, 0), last);
  scene.dataset.step = step;
  for (const part of scene.querySelectorAll("[data-line]")) {
    part.classList.toggle("is-told", Number(part.dataset.line) <= step);
    part.classList.toggle("is-now", Number(part.dataset.line) === step);
  }
  scene.querySelector("[data-where]").textContent = `${Math.min(step, last - 1)} / ${last - 1}`;
}

function play() {
  if (step >= last) show(0);
  timer = setInterval(() => {
    show(step + 1);
    if (step >= last) pause();
  }, LINE_MS);
  name();
}

function pause() {
  timer = clearInterval(timer);
  name();
}

function name() {
  const button = scene.querySelector("[data-play]");
  button.textContent = timer ? button.dataset.pause : button.dataset.name;
}

function go(line) {
  pause();
  show(line);
}

if (scene) {
  const bar = scene.querySelector("[data-playbar]");
  const button = scene.querySelector("[data-play]");
  button.dataset.name = button.textContent;
  bar.hidden = false;
  button.addEventListener("click", () => (timer ? pause() : play()));
  scene.querySelector("[data-back]").addEventListener("click", () => go(step - 1));
  scene.querySelector("[data-forward]").addEventListener("click", () => go(step + 1));
  scene.querySelector("[data-again]").addEventListener("click", () => { go(0); play(); });
  bar.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (way) go(step + way);
  });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) show(last);
  else {
    show(0);
    play();
  }
}
