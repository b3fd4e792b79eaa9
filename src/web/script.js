// The sign-in page: waits for the sign-in, renews the code, and jumps to the SQRL client on this
// device. Its data and texts stand in the attributes of the element with the id "sqrl". At the end:
// the page that asks "Sign in as …?".
"use strict";
(() => {
  const root = document.getElementById("sqrl");
  if (!root) return;

  const part = (name) => root.querySelector(`[data-sqrl="${name}"]`);
  const button = part("button");
  const picture = part("qr");
  const line = part("status");
  const jump = part("jump");
  const reload = part("reload");
  const { base } = root.dataset;

  // Where a client on this device listens.
  const client = "http://localhost:25519/";

  // The nut of the page's first SQRL URL: it names the wait, however often the code is renewed.
  const wait = encodeURIComponent(root.dataset.nut ?? "");

  // The SQRL URL that is shown: its nut, the URL with `can`, and when to renew it, in milliseconds.
  let nut = "";
  let link = "";
  let due = 0;

  // True once there is an outcome, or nothing to wait for: the page sends no more requests.
  let over = false;

  // ---- What the page shows

  const show = (state, text = state) => {
    root.dataset.state = state;
    if (jump) jump.hidden = state !== "no-client";
    if (reload) reload.hidden = !["begun", "refused", "collected", "evicted", "expired", "failed"].includes(state);
    const key = `text-${text}`.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    const words = root.dataset[key] ?? "";
    // The same words again would be read out again.
    if (line && line.textContent !== words) line.textContent = words;
  };

  const finish = (state) => {
    over = true;
    remember("");
    closeStream();
    clearTimeout(lookTimer);
    clearTimeout(streamTimer);
    clearTimeout(dueTimer);
    show(state);
  };

  // ---- The link

  const base64url = (text) =>
    btoa(String.fromCharCode(...new TextEncoder().encode(text)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace(/=+$/, "");

  // Where a cancelled sign-in returns to: this page, without a query that would swell the link.
  const here = () => {
    const page = location.href.split("#")[0];
    return page.length > 1024 ? location.origin + location.pathname : page;
  };

  let dueTimer = 0;

  const adopt = (next, since) => {
    const life = Math.max(next.seconds || 300, 2) * 1000;
    nut = next.nut;
    link = `${next.link}&can=${base64url(here())}`;
    due = since + life - Math.min(15_000, life / 10);
    if (button) button.href = link;
    checkDue();
  };

  // Timers stand still while a device sleeps, so the wall clock is asked now and then.
  const checkDue = () => {
    clearTimeout(dueTimer);
    if (over) return;
    const left = due - Date.now();
    // A page that nobody sees needs no new code; it gets one when it is looked at.
    if (left <= 0 && document.visibilityState === "visible") void renew();
    else dueTimer = setTimeout(checkDue, left > 0 ? Math.min(left + 20, 20_000) : 1000);
  };

  // True where the site does not replace the code and the wait goes on: an app has begun with the
  // code, or it is too old.
  let spent = false;
  let renewing = false;

  const renew = async () => {
    if (renewing || over) return;
    renewing = true;
    try {
      adopt(await renewal(), Date.now());
      if (picture) picture.src = `${base}/svg.sqrl?nut=${encodeURIComponent(nut)}`;
      show("waiting", "renewed");
      spent = false;
      lookLater();
    } catch (error) {
      // An outcome of the old code may still come, so the page goes on looking.
      if (over) return;
      if (error.again) dueTimer = setTimeout(checkDue, 30_000);
      spent = error.again === false;
      if (!spent) {
        show("expired");
        return;
      }
      if (!busy()) show("begun");
      void look();
    } finally {
      renewing = false;
    }
  };

  // Tries for a while where the network is not yet awake or the site is busy, and says whether
  // to try again later.
  const renewal = async () => {
    let again = true;
    for (let attempt = 1; ; attempt += 1) {
      const reply = await ask(`nut.sqrl?renew=${wait}`, "application/json").catch(() => null);
      if (reply?.status === 200) {
        const next = JSON.parse(reply.body);
        if (!/^s?qrl:\/\//.test(next.link) || typeof next.nut !== "string" || !(next.expires_in > 0)) break;
        return { nut: next.nut, link: next.link, seconds: next.expires_in };
      }
      again = !reply || reply.status >= 500 || reply.status === 429;
      if (!again || attempt === 5) break;
      await pause(2000);
    }
    throw Object.assign(new Error("no new link"), { again });
  };

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  const ask = async (path, accept) => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), 10_000);
    try {
      const reply = await fetch(`${base}/${path}`, {
        headers: { Accept: accept },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: abort.signal,
      });
      return { status: reply.status, body: await reply.text() };
    } finally {
      clearTimeout(timer);
    }
  };

  // ---- Waiting: events say when to look; without events, the page looks by itself

  let streaming = false;
  let streamTimer = 0;
  let streamPause = 10_000;
  let lookTimer = 0;
  let lookPause = 1000;
  let looking = false;
  let lookAgain = false;
  let failures = 0;

  // Over HTTP/1.1 a browser opens six connections to a site, and an open stream occupies one. So at
  // most two pages of a browser have a stream at a time, and a hidden page has none.
  const slots = ["sqrl-stream-1", "sqrl-stream-2"];
  let listening = false;
  let closeStream = () => {};

  // Opens a stream if there is a free slot, and tries again some time after it has ended.
  const listen = async () => {
    if (listening || over || document.hidden) return;
    listening = true;
    clearTimeout(streamTimer);
    for (const slot of slots) {
      if (await withSlot(slot, stream)) break;
    }
    listening = false;
    if (over || document.hidden) return;
    streamTimer = setTimeout(() => void listen(), streamPause);
    streamPause = Math.min(streamPause * 2, 60_000);
  };

  // Returns whether the slot was free. It is taken until `use` is done. A browser without Web Locks
  // has no slots.
  const withSlot = async (slot, use) => {
    const taken = async (lock) => {
      if (lock) await use();
      return lock !== null;
    };
    try {
      return await navigator.locks.request(slot, { ifAvailable: true }, taken);
    } catch {
      return false;
    }
  };

  // Resolves when the stream has ended.
  const stream = () =>
    new Promise((ended) => {
      if (over || document.hidden) {
        ended();
        return;
      }
      const source = new EventSource(`${base}/evt.sqrl?nut=${wait}`);
      closeStream = () => {
        source.close();
        streaming = false;
        ended();
      };
      source.addEventListener("open", () => {
        streaming = true;
        streamPause = 10_000;
        lookLater();
      });
      source.addEventListener("outcome", () => void look());
      source.addEventListener("error", () => {
        closeStream();
        lookPause = 1000;
        lookLater();
      });
    });

  // Even an open stream may deliver nothing: some proxies hold it back.
  const lookLater = () => {
    clearTimeout(lookTimer);
    if (over) return;
    const unseen = document.hidden ? 5000 : lookPause;
    lookTimer = setTimeout(() => void look(), streaming ? 15_000 : unseen);
    lookPause = Math.min(lookPause * 1.2, 3000);
  };

  const look = async () => {
    clearTimeout(lookTimer);
    if (over) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    looking = true;
    lookAgain = false;
    const reply = await ask(`pag.sqrl?nut=${wait}`, "text/plain").catch(() => null);
    looking = false;
    if (over) return;
    if (reply?.status === 200) arrive(reply.body.trim());
    else if (reply?.status === 410) dismiss(reply.body.trim());
    else note(reply?.status === 404 ? reply.body.trim() : "");
    if (lookAgain) void look();
    else lookLater();
  };

  // The site's word while the wait goes on, or "" if it did not answer: worth a text if that lasts.
  const note = (word) => {
    failures = word ? 0 : failures + 1;
    const { state } = root.dataset;
    if (failures === 3 && state === "waiting") show("offline");
    if (!word) return;
    if (isRefusal(word)) show("refused", word);
    else if (spent && !busy()) show("begun");
    else if (state === "offline") show("waiting");
  };

  // Why an app's answer signed nobody in.
  const isRefusal = (word) => ["refused-new", "refused-disabled", "refused-superseded"].includes(word);

  // The sign-in ends where the public URL is, and there alone.
  const elsewhere = (origin) =>
    console.warn(`SQRL: this page is at ${location.origin}, and its site at ${origin}: open it there, or change the public URL.`);

  const arrive = (address) => {
    let target = null;
    try {
      target = new URL(address, location.href);
    } catch {
      // Handled below, as any address that is not ours.
    }
    if (!address || target?.origin !== location.origin) {
      if (target) elsewhere(target.origin);
      finish("failed");
      return;
    }
    finish("signed-in");
    location.replace(target.href);
  };

  const dismiss = (reason) => {
    if (reason === "taken-over" && root.dataset.state === "jumping") {
      // The client is about to answer the jump; only another browser's window is worth a word.
      finish("jumping");
      setTimeout(() => show(reason), 3000);
    } else {
      finish(["taken-over", "collected", "evicted"].includes(reason) ? reason : "expired");
    }
  };

  // ---- Same device: the link wakes the client, a picture shows that it listens, then the page
  // leaves for it. Never before the picture has loaded (operating details, "Same-Device
  // Authentication").

  let round = 0;
  let sought = "";
  // What to do when the client has answered.
  let found = () => {};

  // Whether the line says something about the app that is not to be replaced by news of the code.
  const busy = () => ["probing", "no-client", "jumping", "refused"].includes(root.dataset.state);

  const seek = async (quiet) => {
    round += 1;
    const mine = round;
    const target = client + base64url(sought);
    const current = () => mine === round && !over;
    found = () => {
      if (!current() || root.dataset.state === "jumping") return;
      show("jumping");
      remember(root.dataset.nut);
      location.href = target;
    };
    const giveUp = async () => {
      const permission = await loopbackPermission();
      if (!current() || !["probing", "waiting"].includes(root.dataset.state)) return;
      if (jump) jump.href = target;
      show("no-client", permission === "denied" ? "denied" : "no-client");
    };
    if (!quiet) show("probing");
    const permission = await loopbackPermission();
    if (!current()) return;
    if (permission === "prompt" && !quiet) show("probing", "permission");

    const began = Date.now();
    let tries = 0;
    const probe = () => {
      if (!current()) return;
      const image = new Image();
      image.onload = () => {
        if (current()) found();
      };
      image.onerror = () => {
        tries += 1;
        // Some browsers report "denied" and let the picture load all the same, so the page goes on
        // trying while it explains.
        if (tries === 3 && permission === "denied") void giveUp();
        // A phone may have put this page to sleep for the client: some tries must follow.
        if (tries < 8 || Date.now() - began < 10_000) setTimeout(probe, 500);
        else void giveUp();
      };
      const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
      image.src = `${client}${microseconds}.gif`;
    };
    // The link goes first: it is what wakes the client and gives it the focus.
    setTimeout(probe, 250);
    // A browser that asks the person first keeps the picture waiting; it may still load later.
    setTimeout(() => void giveUp(), 11_000);
  };

  // Where the application sets Cross-Origin-Embedder-Policy to require-corp, the browser blocks the
  // picture once the client has answered, and reports that.
  const seeReports = (reports) => {
    // Chromium's reports show what they hold in their JSON form alone.
    const address = ({ body }) => (body?.toJSON?.() ?? body)?.blockedURL;
    if (reports.some((report) => address(report)?.startsWith(client))) found();
  };
  if (globalThis.ReportingObserver) new ReportingObserver(seeReports, { types: ["coep"] }).observe();

  // What a browser that guards this device answers; others do not know these names.
  const loopbackPermission = async () => {
    for (const name of ["loopback-network", "local-network-access"]) {
      try {
        return (await navigator.permissions.query({ name })).state;
      } catch {
        // Not known here.
      }
    }
    return "";
  };

  button?.addEventListener("click", () => {
    if (over) return;
    sought = link;
    void seek(false);
  });

  jump?.addEventListener("click", () => remember(root.dataset.nut));

  // ---- Back from the client: some ask for no session where the identity is new to the site, and
  // lead the browser to where a cancelled sign-in returns to, which is this page with another link.
  // So a page that leaves for the client says with which link, and the next one looks there once, if
  // it is the same page and it is not long ago: whatever else the tab opens is none of its business.

  const memory = "sqrl-left";
  const backWithin = 300_000;

  const remember = (left) => {
    try {
      if (left) sessionStorage.setItem(memory, JSON.stringify({ nut: left, page: here(), at: Date.now() }));
      else sessionStorage.removeItem(memory);
    } catch {
      // A browser that keeps nothing.
    }
  };

  // The link that this page was left with.
  const left = () => {
    try {
      const { nut, page, at } = JSON.parse(sessionStorage.getItem(memory) ?? "{}");
      return page === here() && Math.abs(Date.now() - at) < backWithin ? nut : "";
    } catch {
      return "";
    }
  };

  const comeBack = async () => {
    const old = left();
    remember("");
    if (!old) return;
    const reply = await ask(`pag.sqrl?nut=${encodeURIComponent(old)}`, "text/plain").catch(() => null);
    if (over || !reply) return;
    const word = reply.body.trim();
    if (reply.status === 200) arrive(word);
    else if (reply.status === 404 && isRefusal(word) && root.dataset.state === "waiting") show("returned", word);
  };

  // ---- Other sign-in pages of this browser: a new one may evict the cookie of an old one, so it
  // says that it is there, and the others look whether their wait goes on

  const others = globalThis.BroadcastChannel ? new BroadcastChannel("sqrl") : null;
  others?.addEventListener("message", () => setTimeout(() => void look(), Math.random() * 500));

  // ---- Seen again: the code may be old, the client there by now

  const wake = () => {
    if (over || document.hidden) return;
    checkDue();
    if (root.dataset.state === "no-client") void seek(true);
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      closeStream();
      lookLater();
      return;
    }
    streamPause = 10_000;
    lookPause = 1000;
    void listen();
    void look();
    wake();
  });
  window.addEventListener("focus", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    if (over) {
      location.reload();
      return;
    }
    if (root.dataset.state === "jumping") show("waiting");
    void listen();
    void look();
    wake();
  });

  const { nut: firstNut, link: firstLink, expiresIn } = root.dataset;
  // The scheme may be any of SQRL's, so the host says it. Its port is none where it is the usual one.
  const home = URL.parse?.(firstLink?.replace(/^s?qrl:/, location.protocol));
  if (home && home.host !== location.host) elsewhere(home.origin);
  show("waiting");
  adopt({ nut: firstNut, link: firstLink, seconds: Number(expiresIn) }, Date.now() - performance.now());
  others?.postMessage("opened");
  void listen();
  lookLater();
  void comeBack();
})();

// The page that asks "Sign in as …?": its form is sent only after the person has had the page in
// front of them for a second. So a double click, whose second half meets this page, confirms nothing.
(() => {
  const moment = 1000;
  const wanted = '[data-sqrl="confirm"]';
  let timer = 0;
  let ready = false;

  const button = () => document.querySelector(`${wanted} button`);

  const begin = () => {
    ready = false;
    button()?.setAttribute("aria-disabled", "true");
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => {
      ready = true;
      button()?.removeAttribute("aria-disabled");
    }, moment);
  };

  document.addEventListener("submit", (event) => {
    if (!ready && event.target.matches(wanted)) event.preventDefault();
  });
  begin();
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("visibilitychange", begin);
  window.addEventListener("pageshow", begin);
  window.addEventListener("focus", begin);
})();
