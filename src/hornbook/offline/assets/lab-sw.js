// Keeps a Lab on the device, and answers from there. SITE, in the line before, names all that it needs with its digest: what comes from
// the network is taken only if it is that. What follows below is JupyterLite's own service worker, which answers its kernels.

(() => {
  const ROOT = new URL("./", self.location.href).href;
  const ABOVE = new URL("../", ROOT).href;
  const PREFIX = `hornbook-lab ${ROOT} `;
  const NAME = PREFIX + SITE.version;

  // Python's workers reach their own site and nothing else, whatever runs in them.
  const WORKER_POLICY = "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'; worker-src 'self'";
  const isWorker = (name) => /(?:^|[/.])worker(?:\.[0-9a-f]+)?\.js$/.test(name) && !name.endsWith("service-worker.js");

  async function digestOf(data) {
    const digest = await crypto.subtle.digest("SHA-256", data);
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function typeOf(name, response) {
    if (name.endsWith("js")) return "text/javascript";
    if (name.endsWith(".wasm")) return "application/wasm";
    return response.headers.get("Content-Type") ?? "application/octet-stream";
  }

  function held(name, data, response) {
    const headers = { "Content-Type": typeOf(name, response) };
    if (isWorker(name)) headers["Content-Security-Policy"] = WORKER_POLICY;
    return new Response(data, { headers });
  }

  async function tell(message) {
    // One that is not in force yet tells its pages, too, how far it is.
    for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
      if (client.url.startsWith(ROOT)) client.postMessage(message);
    }
  }

  let keeping = null;

  async function keepAll() {
    const cache = await caches.open(NAME);
    const total = Object.values(SITE.sizes).reduce((sum, size) => sum + size, 0);
    let done = 0;
    let told = -1;
    for (const [name, digest] of Object.entries(SITE.files)) {
      const url = ABOVE + name;
      if (!(await cache.match(url))) {
        // What the lessons' pages, or an earlier Lab, have kept need not come once more.
        let response = await caches.match(url);
        let data = response && (await response.arrayBuffer());
        if (!data || (await digestOf(data)) !== digest) {
          response = await fetch(url, { cache: "no-cache", credentials: "same-origin" });
          data = await response.arrayBuffer();
          if (!response.ok || (await digestOf(data)) !== digest) throw new Error(`${name}: not what this site consists of`);
        }
        await cache.put(url, held(name, data, response));
      }
      done += SITE.sizes[name];
      const percent = Math.floor((100 * done) / total);
      if (percent > told) await tell({ type: "getting", percent });
      told = percent;
    }
  }

  async function others() {
    return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  }

  // Where an earlier Lab is kept, this one takes its place when all of it is here: what was there without a network stays there.
  async function renew() {
    if ((await others()).length) await (keeping = keepAll());
  }

  async function forget() {
    for (const name of await others()) await caches.delete(name);
  }

  async function keep() {
    keeping ??= keepAll();
    try {
      await keeping;
      await tell({ type: "kept" });
    } catch {
      keeping = null;
      await tell({ type: "unkept" });
    }
  }

  async function answer(request, name) {
    const known = await (await caches.open(NAME)).match(ABOVE + name);
    if (known) return known;
    const response = await fetch(request);
    return isWorker(name) && response.ok ? held(name, await response.arrayBuffer(), response) : response;
  }

  self.addEventListener("install", (event) => event.waitUntil(renew()));
  self.addEventListener("activate", (event) => event.waitUntil(forget()));

  self.addEventListener("message", (event) => {
    if (event.data?.type === "keep") event.waitUntil(keep());
    if (event.data?.type === "claim") event.waitUntil(self.clients.claim());
  });

  self.addEventListener("fetch", (event) => {
    const url = new URL(event.request.url);
    const place = url.origin + url.pathname + (url.pathname.endsWith("/") ? "index.html" : "");
    if (event.request.method !== "GET" || !place.startsWith(ABOVE)) return;
    const name = place.slice(ABOVE.length);
    if (name in SITE.files) {
      event.respondWith(answer(event.request, name));
    } else if (place.startsWith(ROOT)) {
      // Much that JupyterLite asks for is not there, as on any server of files; without a network it is not there either.
      event.respondWith(fetch(event.request).catch(() => new Response("", { status: 404 })));
    } else {
      return;
    }
    event.stopImmediatePropagation();
  });
})();
