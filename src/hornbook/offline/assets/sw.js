// Keeps the whole site on the device, and answers from there. SITE, in the line before, names every file with its digest: what comes
// from the network is taken only if it is that. A newer site is fetched beside the one in use, and takes its place when a page says so.

const ROOT = new URL("./", self.location.href).href;
const PREFIX = `hornbook ${ROOT} `;
const NAME = PREFIX + SITE.version;

// Python's worker reaches its own site and nothing else, whatever runs in it.
const WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

async function digestOf(data) {
  const digest = await crypto.subtle.digest("SHA-256", data);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A file whose place tells what is in it is the same in every version.
const lasting = (name) => /^(app|course|engine|packages|runtime)\//.test(name);

function kept(name, data, response) {
  const headers = { "Content-Type": response.headers.get("Content-Type") ?? "application/octet-stream" };
  if (name.endsWith("js")) headers["Content-Type"] = "text/javascript";
  if (name.endsWith(".wasm")) headers["Content-Type"] = "application/wasm";
  if (name.endsWith("-worker.js")) headers["Content-Security-Policy"] = WORKER_POLICY;
  return new Response(data, { headers });
}

async function tell(message) {
  for (const client of await self.clients.matchAll({ includeUncontrolled: true, type: "window" })) {
    if (client.url.startsWith(ROOT)) client.postMessage(message);
  }
}

async function install() {
  const cache = await caches.open(NAME);
  const former = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  const total = Object.values(SITE.sizes).reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const [name, digest] of Object.entries(SITE.files)) {
    const url = ROOT + name;
    let known = await cache.match(url);
    for (const one of lasting(name) && !known ? former : []) {
      known = await (await caches.open(one)).match(url);
      if (known) {
        await cache.put(url, known);
        break;
      }
    }
    if (!known) {
      const response = await fetch(url, { cache: "no-cache", credentials: "same-origin" });
      const data = await response.arrayBuffer();
      if (!response.ok || (await digestOf(data)) !== digest) throw new Error(`${name}: not what this site consists of`);
      await cache.put(url, kept(name, data, response));
    }
    done += SITE.sizes[name];
    await tell({ type: "getting", percent: Math.floor((100 * done) / total) });
  }
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
  await tell({ type: "kept" });
}

async function answer(request) {
  const url = new URL(request.url);
  const place = url.origin + url.pathname + (url.pathname.endsWith("/") ? "index.html" : "");
  const cache = await caches.open(NAME);
  return (await cache.match(place)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data?.type === "take over") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(ROOT)) event.respondWith(answer(event.request));
});
