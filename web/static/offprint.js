// Offprint's only script of its own. Every page works without it: it adds keys,
// saves a page load on votes and marks, copies citations and typesets formulas.
"use strict";

// Formulas: Temml makes MathML from what the server left readable. A page that
// has more than a reader could mean keeps the rest as it is.
const formulas = [];
if (window.temml) {
  for (const span of [...document.querySelectorAll(".math[data-tex]")].slice(0, 500)) {
    const plain = [...span.childNodes], box = document.createElement("span");
    try {
      window.temml.render(span.dataset.tex, box, { throwOnError: true, maxExpand: 100, maxSize: [20, 20], trust: false });
    } catch { continue; } // what the server wrote stays
    formulas.push({ span, plain, typeset: box.firstChild });
    span.replaceChildren(box.firstChild);
  }
}

// fit sees to formulas that are wider than their column: in an abstract one can
// be scrolled, elsewhere what the server wrote takes its place, for that wraps.
function fit() {
  for (const { span, typeset } of formulas) if (!typeset.isConnected) span.replaceChildren(typeset);
  const column = (span) => span.closest("h1, h2, h3, p, li, dd, td, div").clientWidth;
  const wide = formulas.map((f) => f.typeset.getBoundingClientRect().width > column(f.span));
  formulas.forEach(({ span, plain }, i) => {
    const scrolls = wide[i] && span.closest(".abstract") !== null;
    span.classList.toggle("wide", scrolls);
    if (scrolls) span.tabIndex = 0; else span.removeAttribute("tabindex");
    if (wide[i] && !scrolls) span.replaceChildren(...plain);
  });
}

if (formulas.length) {
  let width = 0;
  new ResizeObserver(([main]) => {
    if (main.contentRect.width === width) return;
    width = main.contentRect.width;
    fit();
  }).observe(document.querySelector("main"));
}

// Votes and marks without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (!/\/mark$/.test(form.action) || !button || button.name !== "mark") return;
  event.preventDefault();
  if (button.ariaBusy) return; // not disabled, which would take the focus away
  const body = new URLSearchParams({ mark: button.value });
  button.ariaBusy = "true";
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      location.href = "/sign-in?next=" + encodeURIComponent(location.pathname + location.search);
      return;
    }
    const result = await answer.json();
    if (!answer.ok) { announce(result.error); return; }
    show(button, result);
  } catch {
    announce("The server could not be reached. Nothing was changed.");
  } finally {
    button.ariaBusy = null;
  }
});

const labels = {
  save: ["Save", "Saved"], read: ["Mark as read", "Read"], hide: ["Hide", "Hidden"],
};

// show brings a button, and its paper, into line with what the server answered.
function show(button, result) {
  button.value = (result.on ? "-" : "") + result.mark;
  button.setAttribute("aria-pressed", String(result.on));
  if (result.mark === "vote") {
    button.querySelector(".n").textContent = result.votes;
    button.setAttribute("aria-label", "Vote for this paper; " + result.votes + " so far");
  } else {
    button.textContent = labels[result.mark][result.on ? 1 : 0];
  }
  const paper = button.closest(".paper");
  if (paper && result.mark === "read") paper.classList.toggle("is-read", result.on);
  if (paper && result.mark === "hide") {
    paper.classList.toggle("is-hidden", result.on);
    if (result.on) { announce("Hidden. Press h again to bring it back."); }
  }
}

let live;
// announce says something to everybody, those who listen to the page included.
function announce(text) {
  if (!live) {
    live = document.createElement("p");
    live.className = "toast";
    live.setAttribute("role", "status");
    document.body.append(live);
  }
  live.textContent = text;
  live.classList.add("shown");
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => live.classList.remove("shown"), 4000);
}

// Keys, on lists and on a paper's page.
const papers = [...document.querySelectorAll(".papers .paper")];
let at = -1;

function go(to) {
  if (!papers.length) return;
  papers[at]?.classList.remove("current");
  at = Math.max(0, Math.min(papers.length - 1, to));
  papers[at].classList.add("current");
  papers[at].querySelector("a.open").focus({ preventScroll: true });
  papers[at].scrollIntoView({ block: "nearest" });
}

for (const [i, paper] of papers.entries()) {
  paper.addEventListener("focusin", () => {
    if (at === i) return;
    papers[at]?.classList.remove("current");
    at = i;
    paper.classList.add("current");
  });
}

function press(mark) {
  const scope = papers[at] ?? document.querySelector(".sheet[data-key]")?.closest(".columns");
  scope?.querySelector(`button[name=mark][value$=${mark}]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && typing) { typing.blur(); return; }
  if (typing || document.querySelector("dialog[open]")) return;
  switch (event.key) {
    case "j": go(at + 1); break;
    case "k": go(at - 1); break;
    case "o": papers[at]?.querySelector("a.open").click(); break;
    case "v": press("vote"); break;
    case "s": press("save"); break;
    case "r": press("read"); break;
    case "h": press("hide"); break;
    case "/": (document.querySelector("#bigq") ?? document.querySelector("#q")).focus(); break;
    case "?": keys(); break;
    default: return;
  }
  event.preventDefault();
});

// keys shows what the keys do.
function keys() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Keys");
  const title = document.createElement("h2");
  title.textContent = "Keys";
  const list = document.createElement("dl");
  for (const [key, what] of [["j, k", "next, previous paper"], ["o", "open"], ["v", "vote"], ["s", "save"], ["r", "mark as read"],
    ["h", "hide"], ["/", "search"], ["Esc", "leave a field, close this"]]) {
    const dt = document.createElement("dt"), kbd = document.createElement("kbd"), dd = document.createElement("dd");
    kbd.textContent = key;
    dt.append(kbd);
    dd.textContent = what;
    list.append(dt, dd);
  }
  const close = document.createElement("button");
  close.className = "button quiet small";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// Copy buttons beside citations and addresses.
for (const button of document.querySelectorAll("button.copy")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const from = button.closest("details, .copyable")?.querySelector(".cite, code, input");
    await navigator.clipboard.writeText(from.value ?? from.textContent);
    announce("Copied.");
  });
}

// A run's progress, as it happens.
const job = document.querySelector(".job[data-events]");
if (job) {
  const events = new EventSource(job.dataset.events);
  events.addEventListener("message", (event) => {
    const e = JSON.parse(event.data);
    if (e.state === "ended") { events.close(); location.reload(); return; }
    job.querySelector("progress").value = e.done;
    job.querySelector(".message").textContent = e.state === "waiting"
      ? "Waiting" + (e.ahead ? ` behind ${e.ahead} other${e.ahead > 1 ? "s" : ""}` : "") + "."
      : `${e.message || "Starting"} (${Math.round(100 * e.done)}%, ${e.seconds} s)`;
  });
}
