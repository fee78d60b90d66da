// Goes before JupyterLite on each of its pages: has it kept on this device, and leads back to the lessons' pages.

const root = new URL("./", import.meta.url).href;
const bar = document.getElementById("hornbook-bar");
const words = JSON.parse(bar.dataset.words);
const standing = document.getElementById("hornbook-standing");

/** How long a service worker may take to answer for this page, in milliseconds. */
const PATIENCE = 20_000;

function stand(sentence) {
  if (standing.textContent !== sentence) standing.textContent = sentence;
}

function lead() {
  const path = new URLSearchParams(location.search).get("path") ?? "";
  const slug = path.split("/")[0];
  if (!JSON.parse(bar.dataset.pages).includes(slug)) return;
  const link = document.getElementById("hornbook-page");
  link.href = new URL(`../lessons/${slug}.html`, root).href;
  link.hidden = false;
}

/** Resolves when the newest service worker that can be had is in force; without a network that is the one that is there. */
async function renewed(registration) {
  await registration.update().catch(() => null);
  const next = registration.installing ?? registration.waiting;
  if (!next) return;
  await new Promise((resolve) => {
    next.addEventListener("statechange", () => ["activated", "redundant"].includes(next.state) && resolve());
  });
}

/** Have the Lab kept on this device; resolves once its service worker answers for this page, or once it is known that none will. */
async function keep() {
  const workers = navigator.serviceWorker;
  const unkept = () => stand(words.unkept);
  if (!workers) return unkept();
  // A JupyterLite that finds a service worker it has not begun itself ends all of this address, those of the lessons' pages as well.
  workers.getRegistrations = async () => [];
  let newest = false;
  workers.addEventListener("message", ({ data }) => {
    if (data.type === "getting") stand(words.getting.replace("{percent}", data.percent));
    // An earlier Lab is none that a learner would take for this one.
    if (data.type === "kept" && newest) stand(words.kept);
    if (data.type === "unkept") unkept();
  });
  let registration = null;
  try {
    registration = await workers.register(`${root}service-worker.js?enableCache=false`, { scope: root, updateViaCache: "none" });
  } catch {
    registration = await workers.getRegistration(root).catch(() => null);
  }
  if (!registration) return unkept();
  renewed(registration).then(() => {
    newest = true;
    registration.active?.postMessage({ type: "keep" });
  });
  const ours = () => workers.controller?.scriptURL.startsWith(root);
  if (!ours()) {
    await new Promise((resolve) => {
      // Whatever a browser does instead, JupyterLite begins.
      setTimeout(resolve, PATIENCE);
      workers.addEventListener("controllerchange", () => ours() && resolve());
      registration.installing?.addEventListener("statechange", ({ target }) => target.state === "redundant" && resolve());
      // A page that was reloaded past what is kept has to ask.
      registration.active?.postMessage({ type: "claim" });
    });
  }
  if (!ours()) return unkept();
  workers.controller.postMessage({ type: "keep" });
}

/** Tell a kernel that asks how the notebook stands that has the cell it is running, saved or not. */
function answer() {
  const channel = new BroadcastChannel("hornbook");
  channel.addEventListener("message", ({ data }) => {
    // Others' answers come here as well.
    if (!data.asked) return;
    for (const { context } of window.jupyterapp?.shell.widgets("main") ?? []) {
      const notebook = context?.model?.toJSON();
      if (!notebook?.cells?.some(({ id }) => id === data.asked)) continue;
      const cells = notebook.cells.map((cell) => (cell.outputs ? { ...cell, outputs: [] } : cell));
      channel.postMessage({ cell: data.asked, notebook: JSON.stringify({ ...notebook, cells }) });
      return;
    }
  });
}

lead();
answer();
await keep();
document.documentElement.dataset.hornbook = "1";
