// The sign-in page: waits for the sign-in, renews the link, and jumps to the SQRL client on this
// device. Its data and texts stand in the attributes of the element with the id "sqrl".
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

  // The link that is shown: its nut, its URL with `can`, and when to renew it, in milliseconds.
  let nut = "";
  let link = "";
  let due = 0;
  let adopted = 0;

  // True from the outcome, or the end of all waiting, on: nothing is asked any more.
  let over = false;

  // ---- What the page shows

  const show = (state, text = state) => {
    root.dataset.state = state;
    if (jump) jump.hidden = state !== "no-client";
    if (reload) reload.hidden = !["begun", "collected", "expired", "failed"].includes(state);
    const key = `text-${text}`.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    const words = root.dataset[key] ?? "";
    // The same words again would be read out again.
    if (line && line.textContent !== words) line.textContent = words;
  };

  const finish = (state) => {
    over = true;
    remember("");
    stream?.close();
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
    adopted = Date.now();
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

  // A link that the site has forgotten: nothing to look for until there is another.
  let forgotten = false;
  // A link that the site does not replace, while the wait for it goes on: an app has begun with
  // it, or it is too old.
  let spent = false;
  let renewing = false;

  const renew = async () => {
    if (renewing || over) return;
    renewing = true;
    try {
      adopt(await renewal(), Date.now());
      if (picture) picture.src = `${base}/svg.sqrl?nut=${encodeURIComponent(nut)}`;
      show("waiting", "renewed");
      forgotten = false;
      spent = false;
      listen();
      lookLater();
    } catch (error) {
      // An outcome of the old link may still come, so the page goes on looking.
      if (over) return;
      if (error.again) dueTimer = setTimeout(checkDue, 30_000);
      spent = error.again === false && !forgotten;
      if (!spent) {
        show("expired");
        return;
      }
      if (!seeking()) show("begun");
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
      const reply = await ask(`nut.sqrl?renew=${encodeURIComponent(nut)}`, "application/json").catch(() => null);
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

  // ---- Waiting: events say when to look; where they fail, the page looks by itself

  let stream = null;
  let streaming = false;
  let streamTimer = 0;
  let streamPause = 10_000;
  let lookTimer = 0;
  let lookPause = 1000;
  let looking = false;
  let lookAgain = false;
  let failures = 0;

  const listen = () => {
    clearTimeout(streamTimer);
    stream?.close();
    streaming = false;
    if (over || forgotten) return;
    const source = new EventSource(`${base}/evt.sqrl?nut=${encodeURIComponent(nut)}`);
    stream = source;
    source.addEventListener("open", () => {
      streaming = true;
      streamPause = 10_000;
      lookLater();
    });
    source.addEventListener("outcome", () => void look());
    source.addEventListener("error", () => {
      if (source !== stream) return;
      source.close();
      streaming = false;
      lookPause = 1000;
      lookLater();
      clearTimeout(streamTimer);
      streamTimer = setTimeout(listen, streamPause);
      streamPause = Math.min(streamPause * 2, 60_000);
    });
  };

  // Even an open stream may deliver nothing: some proxies hold it back.
  const lookLater = () => {
    clearTimeout(lookTimer);
    if (over || forgotten) return;
    lookTimer = setTimeout(() => void look(), streaming ? 15_000 : lookPause);
    lookPause = Math.min(lookPause * 1.2, 3000);
  };

  const look = async () => {
    clearTimeout(lookTimer);
    if (over || forgotten) return;
    if (looking) {
      lookAgain = true;
      return;
    }
    looking = true;
    lookAgain = false;
    const asked = nut;
    const reply = await ask(`pag.sqrl?nut=${encodeURIComponent(asked)}`, "text/plain").catch(() => null);
    looking = false;
    if (over) return;
    if (reply?.status === 200) arrive(reply.body.trim());
    else if (reply?.status === 410) dismiss(reply.body.trim(), asked);
    else note(reply?.status === 404);
    if (lookAgain) void look();
    else lookLater();
  };

  // Pending, or no sensible answer: one that stays away is worth a word.
  const note = (pending) => {
    failures = pending ? 0 : failures + 1;
    const { state } = root.dataset;
    if (failures === 3 && state === "waiting") show("offline");
    if (!pending) return;
    if (spent && !seeking()) show("begun");
    else if (state === "offline") show("waiting");
  };

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

  const dismiss = (reason, asked) => {
    if (reason === "taken-over" && root.dataset.state === "jumping") {
      // The client is about to answer the jump; only another browser's window is worth a word.
      finish("jumping");
      setTimeout(() => show(reason), 3000);
    } else if (reason === "taken-over" || reason === "collected") {
      finish(reason);
    } else if (asked === nut && !renewing) {
      // A fresh link that is gone at once would be renewed without end.
      if (Date.now() - adopted < 30_000) {
        finish("expired");
        return;
      }
      forgotten = true;
      listen();
      due = 0;
      checkDue();
    }
  };

  // ---- Same device: the link wakes the client, a picture shows that it listens, then the page
  // leaves for it. Never before the picture has loaded (operating details, "Same-Device
  // Authentication").

  let round = 0;
  let sought = { nut: "", link: "" };

  // Whether the person is told of the client on this device.
  const seeking = () => ["probing", "no-client", "jumping"].includes(root.dataset.state);

  const seek = async (quiet) => {
    round += 1;
    const mine = round;
    const target = client + base64url(sought.link);
    const current = () => mine === round && !over;
    const giveUp = (text) => {
      if (!current() || root.dataset.state === "no-client") return;
      if (jump) jump.href = target;
      show("no-client", text);
    };
    if (!quiet) show("probing");
    const permission = await loopbackPermission();
    if (!current()) return;
    if (permission === "denied") {
      giveUp("denied");
      return;
    }
    if (permission === "prompt" && !quiet) show("probing", "permission");

    const began = Date.now();
    let tries = 0;
    const probe = () => {
      if (!current()) return;
      const image = new Image();
      image.onload = () => {
        if (!current()) return;
        show("jumping");
        remember(sought.nut);
        location.href = target;
      };
      image.onerror = () => {
        tries += 1;
        // A phone may have put this page to sleep for the client: some tries must follow.
        if (tries < 8 || Date.now() - began < 10_000) setTimeout(probe, 500);
        else giveUp();
      };
      const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
      image.src = `${client}${microseconds}.gif`;
    };
    // The link goes first: it is what wakes the client and gives it the focus.
    setTimeout(probe, 250);
    // A browser that asks the person first keeps the picture waiting; it may still load later.
    setTimeout(giveUp, 11_000);
  };

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
    sought = { nut, link };
    void seek(false);
  });

  jump?.addEventListener("click", () => remember(sought.nut));

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
    if (reply?.status === 200 && !over) arrive(reply.body.trim());
  };

  // ---- Awake again: the link may be old, the stream dead, the client there by now

  const wake = () => {
    if (over || document.visibilityState !== "visible") return;
    checkDue();
    if (root.dataset.state === "no-client") void seek(true);
  };

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("focus", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    if (over) {
      location.reload();
      return;
    }
    if (root.dataset.state === "jumping") show("waiting");
    listen();
    void look();
    wake();
  });

  const { link: first, expiresIn } = root.dataset;
  nut = root.dataset.nut;
  // The scheme may be any of SQRL's, so the host says it. Its port is none where it is the usual one.
  const home = URL.parse?.(first?.replace(/^s?qrl:/, location.protocol));
  if (home && home.host !== location.host) elsewhere(home.origin);
  show("waiting");
  adopt({ nut, link: first, seconds: Number(expiresIn) }, Date.now() - performance.now());
  listen();
  lookLater();
  void comeBack();
})();
