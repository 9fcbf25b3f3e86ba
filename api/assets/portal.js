// What makes the portal quicker. Every page works without it, and nothing here writes HTML from strings except
// fragments of our own pages, through the one policy below.

const policy = globalThis.trustedTypes?.createPolicy("portal-fragment", { createHTML: (html) => html });
const root = document.documentElement;
const all = (selector, within = document) => within.querySelectorAll(selector);

/* Theme: the system's wish unless somebody chose. */

const stored = (() => {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // storage may be forbidden; then the system decides
  }
})();
if (stored === "light" || stored === "dark") root.dataset.theme = stored;
root.classList.add("scripted");

const systemDark = matchMedia("(prefers-color-scheme: dark)");

function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches;
  const wanted = dark ? "light" : "dark";
  const followsSystem = (wanted === "dark") === systemDark.matches;
  if (followsSystem) delete root.dataset.theme;
  else root.dataset.theme = wanted;
  try {
    if (followsSystem) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // not kept, but it holds for this page
  }
}

/* Times: relative for a week, then the day; the exact one, in the viewer's zone, on hover. */

const language = root.lang || undefined;
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]];

function ago(at) {
  let amount = (at - Date.now()) / 1000;
  if (Math.abs(amount) < 45) return relative.format(0, "second");
  for (const [unit, size] of UNITS) {
    if (Math.abs(amount) < size - 0.5) return relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return day.format(at);
}

function showTimes(within = document) {
  for (const element of all("time[datetime]", within)) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    element.title = exact.format(at);
    if (!("exact" in element.dataset)) element.textContent = ago(at);
  }
}

/* What stands hidden because it would do nothing without this script. */

function showButtons(within = document) {
  for (const element of all("[data-theme-switch], [data-copy], [data-scripted]", within)) element.hidden = false;
  for (const element of all("[data-needs-passkeys]", within)) element.hidden = !knowsPasskeys;
}

/* Passkeys: the button asks the server for a question, the authenticator for the answer, and sends the form. */

const knowsPasskeys = Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function passkey(button) {
  const form = button.form;
  const wrong = form.querySelector("[data-passkey-wrong]");
  wrong.hidden = true;
  // What proves somebody leaves its own form unchecked: the password field beside it stays empty.
  if (!form.querySelector("[name=sudo_passkey]") && !form.reportValidity()) return;
  button.setAttribute("aria-busy", "true");
  try {
    const ask = { method: "POST", body: new URLSearchParams(), headers: { accept: "application/json" } };
    const asked = await fetch(button.dataset.passkey, ask);
    const { handle, create, get, detail } = await asked.json();
    if (!asked.ok) throw new Error(detail);
    const credential = create
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(create) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(get) });
    form.querySelector("[data-passkey-handle]").value = handle;
    form.querySelector("[data-passkey-credential]").value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    const text = error.name === "InvalidStateError" ? "This device has a passkey for you already."
      : error instanceof DOMException ? "No passkey was used. Try again, or go on without one."
      : error.message;
    wrong.querySelector("span").textContent = text;
    wrong.hidden = false;
    announce(text);
  }
  button.removeAttribute("aria-busy");
}

/* Says something to readers of the screen. */

let announcer;
function announce(text) {
  if (!announcer) {
    announcer = document.createElement("div");
    announcer.className = "visually-hidden";
    announcer.setAttribute("role", "status");
    document.body.append(announcer);
  }
  announcer.textContent = text;
}

function debounce(milliseconds, run) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), milliseconds);
  };
}

/* Filter as you type: the same page, asked again; only #results is exchanged. */

function live(form) {
  let asked;
  let wanted = location.href;
  let answered;
  const query = () => {
    const filled = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== "");
    return new URLSearchParams(filled).toString();
  };
  const address = () => {
    const url = new URL(form.action);
    url.search = query();
    return url;
  };
  const refresh = () => {
    const url = address();
    if (url.href !== wanted) {
      wanted = url.href;
      answered = exchange(url);
    }
    return answered;
  };
  const exchange = async (url) => {
    asked?.abort();
    const mine = (asked = new AbortController());
    const results = document.getElementById("results");
    if (!results) return;
    results.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { signal: mine.signal, headers: { accept: "text/html" } });
      if (answer.redirected || !answer.ok) return location.assign(url);
      const html = await answer.text();
      const page = new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
      const fresh = page.getElementById("results");
      if (mine.signal.aborted) return;
      if (!fresh) return location.assign(url);
      results.replaceWith(document.adoptNode(fresh));
      showTimes(fresh);
      showButtons(fresh);
      follow();
      history.replaceState(history.state, "", url);
      announce(fresh.querySelector(".count")?.textContent ?? "");
      const narrowed = [...form.elements].some((e) => e.name && e.type !== "hidden" && e.value !== "");
      for (const clear of all("[data-clear]", form)) clear.hidden = !narrowed;
      for (const select of all("select", form)) select.closest(".filter")?.toggleAttribute("data-set", select.value !== "");
    } catch (error) {
      if (error.name === "AbortError") return;
      wanted = location.href;
      results.removeAttribute("aria-busy"); // offline: what stands there is still true
    }
  };
  const soon = debounce(150, refresh);
  form.addEventListener("input", (event) => event.target.closest("[data-on-submit]") || soon());
  // Enter goes on to what was found.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await refresh();
    document.querySelector("#results :is(tbody th a, a.choice)")?.focus();
  });
}

/* A link that says how much is new, while somebody looks. */

let following;
function follow() {
  following?.close();
  const link = document.querySelector("[data-tail]");
  if (!link || document.hidden) return;
  following = new EventSource(link.dataset.tail);
  following.onmessage = ({ data }) => {
    link.textContent = data;
    link.toggleAttribute("data-new", true);
    announce(data);
  };
}

/* A slug follows the name until somebody types one, and says whether it can be had. */

function slug(input) {
  const source = input.form?.elements.namedItem(input.dataset.slugSource);
  const output = input.form?.querySelector(`[data-slug-answer="${CSS.escape(input.name)}"]`);
  const before = input.defaultValue;
  let following = Boolean(source) && input.value === "";
  let asked;

  const say = (text, tone) => {
    if (!output) return;
    output.textContent = text;
    output.dataset.tone = tone;
    // What the server said was about what had been sent, not about what stands there now.
    document.getElementById(`error-${input.name}`)?.setAttribute("hidden", "");
    input.setAttribute("aria-invalid", String(tone === "danger"));
  };
  const ask = async () => {
    asked?.abort();
    const mine = (asked = new AbortController());
    const name = source?.value.trim() ?? "";
    const typed = following ? "" : input.value.trim();
    if (following && name === "") input.value = "";
    if ((typed === "" && name === "") || (typed === before && before !== "") || (typed === "" && !following)) return say("", "");
    try {
      const answer = await fetch(`/admin/orgs/slug?${new URLSearchParams({ name, slug: typed })}`, {
        signal: mine.signal,
        headers: { accept: "application/json" },
      });
      if (!answer.ok || answer.redirected) return say("", "");
      const { slug: proposed, error } = await answer.json();
      if (mine.signal.aborted) return;
      if (following) input.value = proposed ?? "";
      if (error) say(error, "danger");
      else if (proposed) say(`${proposed} is available`, "good");
      else say("", "");
    } catch {
      // aborted or offline: the server checks again when the form is sent
    }
  };
  const soon = debounce(150, ask);
  source?.addEventListener("input", () => following && soon());
  input.addEventListener("input", () => {
    following = Boolean(source) && input.value === "";
    soon();
  });
}

/* Forms that must not be sent twice. The server would see it too; this spares the question. */

function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "true";
    // Later, because a button disabled now would not be part of what is sent.
    setTimeout(() => {
      for (const button of all("button[type=submit]", form)) {
        button.disabled = true;
        button.setAttribute("aria-busy", "true");
      }
    });
  });
}

function shown() {
  for (const form of all("[data-ticks]")) count(form);
  for (const form of all("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of all("button[type=submit]", form)) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }
}

/* Copy buttons */

async function copy(button) {
  const label = (button.dataset.label ??= button.textContent);
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
    const text = button.parentElement.querySelector("input, code");
    if (text instanceof HTMLInputElement) text.select();
    else if (text) getSelection()?.selectAllChildren(text);
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = label), 2000);
}

/* Keyboard: "/" searches, j and k walk through the rows, x ticks one, Escape closes menus. */

const typing = (element) => element instanceof HTMLElement && (element.isContentEditable || /^(input|select|textarea)$/i.test(element.tagName) && element.type !== "checkbox");

function walk(step) {
  const links = [...all("main tbody th a, main .choices a.choice")];
  const now = links.findIndex((link) => link === document.activeElement || link.closest("tr")?.contains(document.activeElement));
  const next = links[now === -1 ? (step > 0 ? 0 : links.length - 1) : now + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

/* Ticked rows: how many; all at once. */

function count(form, changed) {
  const boxes = [...all(".tick", form)];
  const top = boxes.pop(); // stands for all
  if (changed === top) for (const box of boxes) box.checked = top.checked;
  const ticked = all("tbody :checked", form).length;
  top.checked = ticked === boxes.length;
  top.indeterminate = ticked > 0 && !top.checked;
  form.querySelector("output").textContent = ticked ? `${ticked} selected` : "";
}

document.addEventListener("change", ({ target }) => {
  const form = target.closest("[data-ticks]");
  if (form) count(form, target);
});

/* Arrows walk through the boxes of a matrix. */
function step(event, box) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (!dx && !dy) return;
  event.preventDefault();
  const cell = box.closest("td");
  const rows = [...cell.closest("table").querySelectorAll("tbody tr:not(.group)")];
  let [x, y] = [cell.cellIndex + dx, rows.indexOf(cell.parentElement) + dy];
  for (let next; (next = rows[y]?.cells[x]); x += dx, y += dy) {
    const other = next.querySelector("input");
    if (other) return other.focus();
  }
}

function closeMenus(except) {
  for (const menu of all("details.menu[open]")) {
    if (menu === except) continue;
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside && !except) menu.querySelector("summary").focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return closeMenus();
  if (event.target.matches?.("[data-arrows] input")) return step(event, event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const search = event.key === "/" && document.querySelector("[data-hotkey='/']");
  if (search) {
    search.focus();
    search.select();
    event.preventDefault();
  } else if (event.key === "x") {
    event.target.closest?.("tr")?.querySelector(".tick")?.click();
  } else if ((event.key === "j" && walk(1)) || (event.key === "k" && walk(-1))) {
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : root;
  closeMenus(target.closest("details.menu") ?? target);
  const button = target.closest("[data-copy]");
  if (button) copy(button);
  const asks = target.closest("[data-passkey]");
  if (asks) {
    event.preventDefault();
    passkey(asks);
  }
  if (target.closest("[data-theme-switch]")) switchTheme();
});

document.addEventListener("focusin", (event) => {
  if (event.target instanceof HTMLInputElement && "select" in event.target.dataset) event.target.select();
});

addEventListener("pageshow", shown);
document.addEventListener("visibilitychange", follow);

showTimes();
showButtons();
setInterval(showTimes, 30_000);
follow();
// On a telephone not all tabs are in sight, but the one that is open is.
for (const tab of all(".tabs [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
for (const form of all("form[data-live]")) live(form);
for (const form of all("form[data-once]")) once(form);
for (const input of all("input[data-slug-source]")) slug(input);
