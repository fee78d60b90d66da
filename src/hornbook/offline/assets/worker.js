// Python in a worker of a page: starts Pyodide from the site's own files, then runs cells or asks checks. A page that has waited too
// long ends the worker, and Python with it.

let python = null;
let inside = null;
let room = null;
let desk = null;

const post = (message) => self.postMessage(message);

async function bytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.arrayBuffer();
}

async function start({ site, slug, language, kind }) {
  const { loadPyodide } = await import(new URL("pyodide.mjs", site.runtime));
  const [engine, course, ...wheels] = await Promise.all([site.engine, site.course, ...site.wheels].map(bytes));
  python = await loadPyodide({ indexURL: site.runtime, stdout: () => {}, stderr: () => {} });
  // Without a folder they would lie where Python happens to be, which a lesson changes.
  const packages = python.runPython('import sysconfig; sysconfig.get_path("purelib")');
  for (const data of wheels) python.unpackArchive(data, "wheel", { extractDir: packages });
  for (const [data, folder] of [[engine, "/hornbook/engine"], [course, "/hornbook/course"]]) {
    python.FS.mkdirTree(folder);
    python.unpackArchive(data, "zip", { extractDir: folder });
  }
  python.runPython('import sys; sys.path.insert(0, "/hornbook/engine")');
  inside = python.pyimport("hornbook.offline.inside");
  const tell = (text) => post(JSON.parse(text));
  if (kind === "check") desk = inside.desk("/hornbook/course", tell);
  else room = inside.room("/hornbook/course", slug, language, (text) => post({ type: "output", output: JSON.parse(text) }));
  post({ type: "started" });
}

self.onmessage = async ({ data }) => {
  try {
    if (data.type === "start") await start(data);
    else if (data.type === "run") post({ type: "done", answer: room.run(data.source) });
    else if (data.type === "check") post({ type: "done", answer: JSON.parse(desk.check(JSON.stringify(data.question))) });
  } catch (error) {
    // Python itself has ended, or cannot begin.
    post({ type: "died", message: String(error?.message ?? error).slice(-2000) });
  }
};
