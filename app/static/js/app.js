/* Comfort only: every page works without this file. No logic of the product lives here. */
(() => {
  "use strict";
  const root = document.documentElement;
  const meta = (name) => document.querySelector(`meta[name="${name}"]`);
  const words = meta("words") ? meta("words").dataset : {};
  root.classList.add("js");

  /* ---- htmx: token on every write, and a sentence when the server cannot be reached ---- */
  document.addEventListener("htmx:configRequest", (e) => {
    const token = meta("csrf-token");
    if (token && e.detail.verb !== "get") e.detail.headers["X-CSRFToken"] = token.content;
  });
  const lost = () => toastFrom("toast-lost");
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:responseError", (e) => {
    if (!/id="toast|class="[^"]*toast/.test(e.detail.xhr.responseText)) toastFrom("toast-failed");
  });
  /* htmx that came late has no listener for "back": a page is fetched anew, never from a snapshot */
  addEventListener("popstate", (e) => { if (e.state && e.state.htmx) location.reload(); });

  /* ---- countdowns: the server's clock counts, not the one of this computer ---- */
  let ahead = 0;
  if (meta("server-now")) ahead = Date.parse(meta("server-now").content) - Date.now();
  document.addEventListener("htmx:afterOnLoad", (e) => {
    const date = Date.parse(e.detail.xhr.getResponseHeader("Date") || "");
    if (date && Math.abs(date - Date.now() - ahead) > 2000) ahead = date - Date.now();
  });
  const unit = (key, n) => words[key].replace("0", n);
  const join = (...parts) => parts.filter(([key, n], i) => n || i === 0).map(([key, n]) => unit(key, n)).join(" ");
  function span(seconds, over) {
    const s = seconds, m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    if (d) return join(["d", d], ["h", h % 24]);
    if (h) return join(["h", h], ["m", m % 60]);
    if (over || m >= 10) return unit("m", m);
    return m ? `${unit("m", m)} ${unit("s", s % 60)}` : unit("s", s);
  }
  function tick() {
    const now = Date.now() + ahead;
    for (const el of document.querySelectorAll("[data-due]")) {
      const left = Math.round((Date.parse(el.dataset.due) - now) / 1000);
      const text = el.lastElementChild;
      if (left > 7200 || !words.left || !text) continue;      /* further away: the server's words stay true */
      const fine = left > 0 && left < 600;
      const said = (left < 0 ? words.over : words.left).replace("0", span(Math.abs(left), left < 0));
      if (text.textContent !== said) text.textContent = said;
      el.classList.toggle("is-over", left < 0);
      el.classList.toggle("is-now", fine);
      el.classList.toggle("is-soon", left >= 600);
      const use = el.querySelector("use");
      const icon = left < 0 ? "#i-alert" : "#i-clock";
      if (use && !use.getAttribute("href").endsWith(icon)) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, icon));
    }
  }
  if (words.left) { tick(); setInterval(tick, 1000); }

  /* ---- toasts ---- */
  const region = document.getElementById("toasts");
  function settle(toast) {
    if (toast.dataset.timed || toast.classList.contains("is-bad")) return;   /* bad news stays until it is closed */
    toast.dataset.timed = "1";
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, Number(toast.dataset.stay || 8) * 1000);
  }
  function toastFrom(id, text) {
    const template = document.getElementById(id);
    if (!template || !region) return;
    const copy = template.content.cloneNode(true);
    if (text) copy.querySelector("p").textContent = text;
    region.append(copy);
  }
  if (region) {
    region.querySelectorAll(".toast").forEach(settle);
    new MutationObserver(() => region.querySelectorAll(".toast").forEach(settle)).observe(region, { childList: true });
    document.addEventListener("toast", (e) => toastFrom("toast-plain", e.detail.value));
  }

  /* ---- a form is sent once ---- */
  const busy = (form, on, button) => {
    if (on) form.dataset.sent = "1"; else delete form.dataset.sent;
    const marked = button || form.querySelectorAll("[aria-busy]");
    (marked.forEach ? marked : [marked]).forEach((b) => (on ? b.setAttribute("aria-busy", "true") : b.removeAttribute("aria-busy")));
  };
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.dataset.sent) { e.preventDefault(); e.stopImmediatePropagation(); return; }
    if (form.method !== "post") return;
    busy(form, true, e.submitter);
    setTimeout(() => busy(form, false), 10000);               /* a download leaves the page where it is */
  }, true);
  document.addEventListener("htmx:afterRequest", (e) => { const form = e.target.closest("form"); if (form) busy(form, false); });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => busy(form, false)));

  /* ---- data-confirm: the question in a dialog, then the same click again ---- */
  document.addEventListener("click", (e) => {
    const asked = e.target.closest("[data-confirm]");
    const dialog = document.getElementById("confirm");
    if (!asked || !dialog || asked.dataset.confirmed) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    dialog.querySelector("[data-question]").textContent = asked.dataset.confirm;
    dialog.querySelector("[value=yes]").textContent = asked.textContent.trim();
    dialog.returnValue = "";
    dialog.onclose = () => {
      asked.focus();
      if (dialog.returnValue !== "yes") return;
      asked.dataset.confirmed = "1";
      asked.click();
      delete asked.dataset.confirmed;
    };
    dialog.showModal();
  }, true);

  /* ---- clicks: menus, toasts, theme ---- */
  function theme(wish) {
    if (wish === "light" || wish === "dark") root.dataset.theme = wish; else delete root.dataset.theme;
    document.querySelectorAll("[data-theme-set]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.themeSet === (root.dataset.theme || "auto"))));
  }
  const kept = /(?:^|; )theme=(\w+)/.exec(document.cookie);
  theme(kept ? kept[1] : root.dataset.theme);
  document.addEventListener("click", (e) => {
    document.querySelectorAll("details.pop[open]").forEach((d) => { if (!d.contains(e.target)) d.open = false; });
    const shut = e.target.closest("[data-close]");
    if (shut) shut.closest(".toast, .alert").remove();
    const wish = e.target.closest("[data-theme-set]");
    if (wish) {
      document.cookie = `theme=${wish.dataset.themeSet}; path=/; max-age=31536000; samesite=lax`;
      theme(wish.dataset.themeSet);
    }
    const printer = e.target.closest("[data-print]");
    if (printer) print();
  });

  /* ---- keys ---- */
  document.addEventListener("keydown", (e) => {
    if (e.isComposing) return;                                /* the Enter that ends a Chinese word sends nothing */
    const command = e.ctrlKey || e.metaKey;
    if (e.key === "Escape") {
      const open = document.querySelector("details.pop[open]");
      if (open) { open.open = false; open.firstElementChild.focus(); }
    } else if (e.key === "Enter" && command && e.target.form) {
      const button = e.target.form.querySelector(".is-primary[type=submit]") || e.target.form.querySelector("[type=submit]");
      if (button) { e.preventDefault(); button.click(); }
    } else if ((e.key === "k" && command) || (e.key === "/" && !command && !e.target.closest("input, textarea, select, [contenteditable]"))) {
      const find = document.querySelector(".top .find [type=search]");
      if (find) { e.preventDefault(); find.focus(); find.select(); }
    }
  });

  /* ---- what went wrong is read out first ---- */
  const errors = (where) => { const box = where.querySelector && where.querySelector("[data-errors]"); if (box) box.focus(); };
  errors(document);
  document.addEventListener("htmx:afterSettle", (e) => errors(e.target));
})();
