// Dates in the reader's own zone; the exact UTC text goes into the title. Without this module they stay in UTC.

const language = document.documentElement.lang;
const day = { year: "numeric", month: language === "en" ? "short" : "numeric", day: "numeric" };
const hours = { hour: language === "en" ? "2-digit" : "numeric", minute: "2-digit", ...(language === "en" && { hourCycle: "h23" }) };
const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const formats = {
  moment: new Intl.DateTimeFormat(language, { ...day, ...hours }),
  exact: new Intl.DateTimeFormat(language, { ...day, ...hours, second: "2-digit" }),
  clock: new Intl.DateTimeFormat(language, clock),
  hour: new Intl.DateTimeFormat(language, hours),
};
// Apart, because with a zone Korean writes hours and minutes out in words.
const zone = new Intl.DateTimeFormat(language, { timeZoneName: "short" });

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const form = time.dataset.form ?? "moment";
    if (form === "words") continue; // "2 minutes ago" is true in every zone; its title says when
    const moment = new Date(time.dateTime);
    time.dataset.local = "";
    time.title ||= time.textContent;
    const text = formats[form].format(moment);
    const name = zone.formatToParts(moment).find((part) => part.type === "timeZoneName").value;
    time.textContent = form === "clock" || form === "hour" ? text : `${text}\u00a0${name}`;
  }
  // The timeline's scale: a drawing has no <time>.
  for (const tick of root.querySelectorAll("text[data-instant]")) tick.textContent = formats.clock.format(tick.dataset.instant * 1000);
  for (const note of root.querySelectorAll("[data-utc]")) note.hidden = true;
}

// Events stand by days: the server's are those of UTC, these the reader's.
function localDays(log) {
  const dayOf = new Intl.DateTimeFormat(language, { ...day, weekday: "long", month: language === "en" ? "long" : "numeric" });
  const named = new Map([[0, log.dataset.today], [1, log.dataset.yesterday]].map(([ago, name]) => {
    const then = new Date();
    then.setDate(then.getDate() - ago);
    return [then.toDateString(), name];
  }));
  for (const heading of log.querySelectorAll(".log-day")) heading.remove();
  let last;
  for (const item of [...log.children]) {
    const moment = new Date(item.querySelector("time").dateTime);
    if (moment.toDateString() === last) continue;
    last = moment.toDateString();
    const heading = document.createElement("li");
    heading.className = "log-day";
    heading.append(document.createElement("h3"));
    heading.firstChild.textContent = named.get(last) ?? dayOf.format(moment);
    item.before(heading);
  }
}

localTimes(document);
for (const log of document.querySelectorAll("[data-by-day]")) localDays(log);
