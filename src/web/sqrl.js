/**
 * The sign-in page's module: waits for the sign-in, renews the SQRL URL, and opens the SQRL app on
 * this device.
 *
 * It starts by itself for the element with the id "sqrl". Other elements are started by
 * `start(element)`. The element's attributes and events are documented in the guide, "Your own
 * sign-in page".
 */

// Where a SQRL app on this device listens.
const APP = "http://localhost:25519/";

// How long the page looks for the app before it explains what to do, in milliseconds. It goes on
// looking afterwards, because an app may take longer to start.
const PATIENCE = 3500;

// The same while the browser may be asking the person for permission.
const PATIENCE_WITH_PROMPT = 11_000;

// How long the page looks for the app in all.
const SEARCH = 60_000;

// States in which this code is of no use any more.
const ENDED = ["begun", "refused", "collected", "evicted", "expired", "failed"];

// Words of the server: an app answered, and the site did not sign its identity in.
const REFUSALS = ["refused-new", "refused-disabled", "refused-superseded"];

// Words of the server: nothing to wait for any more.
const OVER = ["taken-over", "collected", "evicted"];

const base64url = (text) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Where a cancelled sign-in returns to: this page, without a query that would make the URL long.
const here = () => {
  const page = location.href.split("#")[0];
  return page.length > 1024 ? location.origin + location.pathname : page;
};

const parsed = (url) => {
  try {
    return new URL(url, location.href);
  } catch {
    return null;
  }
};

// The page must be opened at the public URL, because the sign-in ends there.
const warnOfOrigin = (origin) =>
  console.warn(
    `SQRL: this page is at ${location.origin}, but the public URL is at ${origin}. ` +
      "Open the page there, or change the public URL.",
  );

// The state of the browser's permission to reach this device: "granted", "prompt", "denied", or ""
// where the browser has no such permission.
const loopbackPermission = async () => {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch {
      // Unknown to this browser.
    }
  }
  return "";
};

// Where a page that leaves for the app stores which wait it leaves, for the page that returns.
const memory = {
  key: "sqrl-left",
  lifetime: 300_000,
  write(nut) {
    try {
      if (nut) sessionStorage.setItem(this.key, JSON.stringify({ nut, page: here(), at: Date.now() }));
      else sessionStorage.removeItem(this.key);
    } catch {
      // A browser that stores nothing.
    }
  },
  // Only the same page reads it, once, and not long after.
  take() {
    try {
      const { nut, page, at } = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
      sessionStorage.removeItem(this.key);
      return page === here() && Math.abs(Date.now() - at) < this.lifetime ? nut : "";
    } catch {
      return "";
    }
  },
};

// Runs `use` with a lock of this browser, and returns whether the lock was free. A browser without
// Web Locks has none.
const withLock = async (name, use) => {
  const granted = async (lock) => {
    if (lock) await use();
    return lock !== null;
  };
  try {
    return await navigator.locks.request(name, { ifAvailable: true }, granted);
  } catch {
    return false;
  }
};

/**
 * Starts a sign-in in an element. Returns an object whose `stop()` ends it.
 *
 * An element without `data-url` gets its SQRL URL from `nut.sqrl`.
 */
export const start = (root) => {
  if (root.dataset.state) return { stop: () => {} };

  const part = (name) => root.querySelector(`[data-sqrl="${name}"]`);
  const button = part("button");
  const picture = part("qr");
  const line = part("status");
  const jump = part("jump");
  const reload = part("reload");
  const base = root.dataset.base ?? "";
  const started = Date.now() - performance.now();

  const listeners = new AbortController();
  const on = (target, type, act) => target?.addEventListener(type, act, { signal: listeners.signal });

  // The nut of the first SQRL URL. It names the wait, however often the URL is renewed.
  let wait = "";
  // The current SQRL URL with `can`, and when to renew it, in milliseconds.
  let url = "";
  let due = 0;
  // Whether there is an outcome, or nothing to wait for: the page sends no more requests.
  let over = false;

  // ---- Events, and what the page shows

  // Returns false if a listener has prevented the default.
  const emit = (name, detail, cancelable = false) =>
    root.dispatchEvent(new CustomEvent(`sqrl:${name}`, { detail, cancelable, bubbles: true }));

  const show = (state, text = state) => {
    root.dataset.state = state;
    if (jump) jump.hidden = state !== "no-client";
    if (reload) reload.hidden = !ENDED.includes(state);
    const key = `text-${text}`.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    const words = root.dataset[key] ?? "";
    // A screen reader would read the same words again.
    if (line && line.textContent !== words) line.textContent = words;
    emit("state", { state, text });
  };

  const end = () => {
    over = true;
    closeStream();
    for (const timer of [lookTimer, streamTimer, dueTimer]) clearTimeout(timer);
  };

  const finish = (state) => {
    end();
    memory.write("");
    show(state);
  };

  const stop = () => {
    end();
    listeners.abort();
    tabs?.close();
    delete root.dataset.state;
  };

  // ---- The SQRL URL

  let dueTimer = 0;

  const adopt = (next, since) => {
    const life = Math.max(next.seconds || 300, 2) * 1000;
    wait ||= encodeURIComponent(next.nut);
    url = `${next.url}&can=${base64url(here())}`;
    due = since + life - Math.min(15_000, life / 10);
    const qr = `${base}/svg.sqrl?nut=${encodeURIComponent(next.nut)}`;
    if (button) button.href = url;
    if (picture && picture.getAttribute("src") !== qr) picture.src = qr;
    emit("url", { url, nut: next.nut, qr, seconds: next.seconds });
    checkDue();
  };

  // Timers stand still while a device sleeps, so the wall clock is read now and then.
  const checkDue = () => {
    clearTimeout(dueTimer);
    if (over) return;
    const left = due - Date.now();
    // A hidden page needs no new URL. It gets one when it is visible again.
    if (left <= 0 && !document.hidden) void renew();
    else dueTimer = setTimeout(checkDue, left > 0 ? Math.min(left + 20, 20_000) : 1000);
  };

  // Whether the site no longer renews the URL while the wait goes on: an app has begun with it, or
  // it is too old.
  let spent = false;
  let renewing = false;

  const renew = async () => {
    if (renewing || over) return;
    renewing = true;
    try {
      const next = await issued(`nut.sqrl?renew=${wait}`);
      if (over) return;
      adopt(next, Date.now());
      show("waiting", "renewed");
      spent = false;
      lookLater();
    } catch (error) {
      // An outcome of the old URL may still come, so the page goes on looking.
      if (over) return;
      if (error.retry) dueTimer = setTimeout(checkDue, 30_000);
      spent = error.retry === false;
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

  // Returns a new SQRL URL. Retries for a while where the network is not yet awake or the site is
  // busy. The error's `retry` says whether a later attempt may succeed.
  const issued = async (path) => {
    let retry = true;
    for (let attempt = 1; ; attempt += 1) {
      const reply = await ask(path, "application/json").catch(() => null);
      if (over) break;
      if (reply?.status === 200) {
        const next = JSON.parse(reply.body);
        if (!/^s?qrl:\/\//.test(next.link) || typeof next.nut !== "string" || !(next.expires_in > 0)) break;
        return { nut: next.nut, url: next.link, seconds: next.expires_in };
      }
      retry = !reply || reply.status >= 500 || reply.status === 429;
      if (!retry || attempt === 5) break;
      await pause(2000);
    }
    throw Object.assign(new Error("no SQRL URL"), { retry });
  };

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

  // ---- Waiting: the event stream says when to look. Without one, the page polls.

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
      if (await withLock(slot, stream)) break;
    }
    listening = false;
    if (over || document.hidden) return;
    streamTimer = setTimeout(() => void listen(), streamPause);
    streamPause = Math.min(streamPause * 2, 60_000);
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

  // Even an open stream may deliver nothing: some proxies buffer it.
  const lookLater = () => {
    clearTimeout(lookTimer);
    if (over) return;
    const polled = document.hidden ? 5000 : lookPause;
    lookTimer = setTimeout(() => void look(), streaming ? 15_000 : polled);
    lookPause = Math.min(lookPause * 1.2, 3000);
  };

  const look = async () => {
    clearTimeout(lookTimer);
    if (over || !wait) return;
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

  // Takes the site's word while the wait goes on, or "" if the site did not answer.
  const note = (word) => {
    failures = word ? 0 : failures + 1;
    const { state } = root.dataset;
    if (failures === 3 && state === "waiting") show("offline");
    if (!word) return;
    if (REFUSALS.includes(word)) show("refused", word);
    else if (spent && !busy()) show("begun");
    else if (state === "offline") show("waiting");
  };

  const arrive = (address) => {
    const target = parsed(address);
    if (!address || target?.origin !== location.origin) {
      if (target) warnOfOrigin(target.origin);
      finish("failed");
      return;
    }
    finish("signed-in");
    if (emit("signed-in", { url: target.href }, true)) location.replace(target.href);
  };

  const dismiss = (reason) => {
    if (reason === "taken-over" && root.dataset.state === "jumping") {
      // The app is about to answer this page. The text is for the case that it opens another window.
      finish("jumping");
      setTimeout(() => show(reason), 3000);
    } else {
      finish(OVER.includes(reason) ? reason : "expired");
    }
  };

  // ---- This device: the SQRL URL wakes the app, a picture shows that the app listens, then the
  // page leaves for the app, never before the picture has loaded (Operating Details, "Same-Device
  // Authentication").

  let round = 0;
  let sought = "";
  // What to do when the app has answered.
  let found = () => {};

  // Whether the status is about the app, so that news of the URL must not replace it.
  const busy = () => ["probing", "no-client", "jumping", "refused"].includes(root.dataset.state);

  const seek = async (quiet) => {
    round += 1;
    const mine = round;
    const target = APP + base64url(sought);
    const current = () => mine === round && !over && ["probing", "no-client", "waiting"].includes(root.dataset.state);
    found = () => {
      if (!current()) return;
      show("jumping");
      memory.write(wait);
      location.href = target;
    };
    if (jump) jump.href = target;
    if (!quiet) show("probing");
    const permission = await loopbackPermission();
    if (!current()) return;
    if (permission === "prompt" && !quiet) show("probing", "permission");

    const began = performance.now();
    const elapsed = () => performance.now() - began;
    let errors = 0;
    const probe = () => {
      if (!current()) return;
      const image = new Image();
      image.onload = found;
      image.onerror = () => {
        errors += 1;
        if (elapsed() < SEARCH) setTimeout(probe, elapsed() < PATIENCE_WITH_PROMPT ? 500 : 2000);
      };
      const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
      image.src = `${APP}${microseconds}.gif`;
    };
    const explain = async () => {
      if (!current() || root.dataset.state === "no-client") return;
      // The person is in the app, or the browser is asking: without its answer no picture fails.
      const asking = permission === "prompt" && errors === 0 && elapsed() < PATIENCE_WITH_PROMPT;
      if (document.hidden || asking) {
        setTimeout(explain, 1000);
        return;
      }
      const now = await loopbackPermission();
      if (current()) show("no-client", now === "denied" ? "denied" : "no-client");
    };
    // The URL goes first: it wakes the app and gives it the focus.
    setTimeout(probe, 250);
    if (!quiet) setTimeout(explain, PATIENCE);
  };

  // Under Cross-Origin-Embedder-Policy: require-corp the browser blocks the picture once the app has
  // answered, and reports that. Chromium shows the contents of a report in its JSON form only.
  const seeReports = (reports) => {
    const address = ({ body }) => (body?.toJSON?.() ?? body)?.blockedURL;
    if (reports.some((report) => address(report)?.startsWith(APP))) found();
  };
  if (globalThis.ReportingObserver) {
    const observer = new ReportingObserver(seeReports, { types: ["coep"] });
    observer.observe();
    listeners.signal.addEventListener("abort", () => observer.disconnect());
  }

  on(button, "click", () => {
    if (over || !url) return;
    sought = url;
    void seek(false);
  });
  on(jump, "click", () => memory.write(wait));

  // A link that looks like a button is pressed by Space, too.
  for (const link of [button, jump, reload]) {
    if (link?.localName === "a" && !link.hasAttribute("role")) link.setAttribute("role", "button");
  }
  on(root, "keydown", (event) => {
    if (event.key !== " " || !event.target.matches('a[role="button"]')) return;
    event.preventDefault();
    if (!event.repeat) event.target.click();
  });

  // ---- Back from the app: some apps ask for no session where the identity is new to the site, and
  // lead the browser to where a cancelled sign-in returns to. That is this page with another URL. So
  // the page that returns looks once whether the wait that was left has an outcome.

  const comeBack = async () => {
    const left = memory.take();
    if (!left) return;
    const reply = await ask(`pag.sqrl?nut=${encodeURIComponent(left)}`, "text/plain").catch(() => null);
    if (over || !reply) return;
    const word = reply.body.trim();
    if (reply.status === 200) arrive(word);
    else if (reply.status === 404 && REFUSALS.includes(word) && root.dataset.state === "waiting") show("returned", word);
  };

  // ---- Other sign-in pages of this browser: a new page may evict the cookie of an old one. So it
  // announces itself, and the others look whether their wait goes on.

  const tabs = globalThis.BroadcastChannel ? new BroadcastChannel("sqrl") : null;
  on(tabs, "message", () => setTimeout(() => void look(), Math.random() * 500));

  // ---- Visible again: the URL may be old, and the app may listen by now

  const wake = () => {
    if (over || document.hidden || !url) return;
    checkDue();
    if (root.dataset.state === "no-client") void seek(true);
  };

  const resume = () => {
    if (!url) return;
    void listen();
    void look();
    wake();
  };

  on(document, "visibilitychange", () => {
    if (document.hidden) {
      closeStream();
      lookLater();
      return;
    }
    streamPause = 10_000;
    lookPause = 1000;
    resume();
  });
  on(window, "focus", wake);
  on(window, "online", wake);
  on(window, "pageshow", (event) => {
    if (!event.persisted) return;
    if (over) {
      location.reload();
      return;
    }
    if (root.dataset.state === "jumping") show("waiting");
    resume();
  });

  const begin = (first, since) => {
    show("waiting");
    adopt(first, since);
    // The scheme may be either of SQRL's, so only the host is compared. URL omits the usual port.
    const home = parsed(first.url.replace(/^s?qrl:/, location.protocol));
    if (home && home.host !== location.host) warnOfOrigin(home.origin);
    tabs?.postMessage("opened");
    void listen();
    lookLater();
    void comeBack();
  };

  const first = { nut: root.dataset.nut, url: root.dataset.url, seconds: Number(root.dataset.expiresIn) };
  if (first.url) {
    begin(first, started);
  } else {
    show("starting");
    issued("nut.sqrl").then(
      (next) => begin(next, Date.now()),
      () => over || finish("failed"),
    );
  }
  return { stop };
};

const page = document.getElementById("sqrl");
if (page) start(page);
