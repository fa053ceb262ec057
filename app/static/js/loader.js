/* Brings htmx in: from the CDN when it answers in time, else the copy that lies beside this file. Never both. */
(() => {
  "use strict";
  const meta = document.querySelector('meta[name="htmx-loader"]');
  if (!meta) return;
  const { cdn, local, integrity } = meta.dataset;
  const WAIT_MS = 2500;
  const FAILED = "htmx-cdn-failed";

  const visit = {
    failed() { try { return sessionStorage.getItem(FAILED) === cdn; } catch { return false; } },
    remember() { try { sessionStorage.setItem(FAILED, cdn); } catch { /* storage is off: the next page tries again */ } },
  };

  /* htmx waits for DOMContentLoaded, which is over when it comes this late: configure and start it by hand. */
  function start() {
    const wish = document.querySelector('meta[name="htmx-config"]');
    if (wish) Object.assign(window.htmx.config, JSON.parse(wish.content));
    window.htmx.process(document.body);
    document.documentElement.dataset.htmx = "ready";
  }

  function insert(src, onerror) {
    const script = document.createElement("script");
    script.src = src;
    script.integrity = integrity;
    script.crossOrigin = "anonymous";
    script.onload = start;
    script.onerror = onerror;
    document.head.append(script);
  }

  function useLocal() { insert(local, null); }

  if (meta.content === "local" || visit.failed()) { useLocal(); return; }

  let decided = false;
  const preload = document.createElement("link");
  function giveUp() {
    if (decided) return;
    decided = true;
    preload.remove();
    visit.remember();
    useLocal();
  }
  preload.rel = "preload";
  preload.as = "script";
  preload.href = cdn;
  preload.integrity = integrity;
  preload.crossOrigin = "anonymous";
  preload.onload = () => {
    if (decided) return;
    decided = true;
    insert(cdn, () => { visit.remember(); useLocal(); });   /* a wrong hash shows only here: nothing has run yet */
  };
  preload.onerror = giveUp;
  setTimeout(giveUp, WAIT_MS);
  document.head.append(preload);
})();
