// A page for practice: keeps what is written, runs it in a worker, and shows what the visible checks say of it. Whatever comes from a
// learner's code is put in as text; the words and the lesson come with the page. `asking.js` has what begins, asks and ends Python.

const site = JSON.parse(document.getElementById("site").textContent);
const words = site.words;
const here = (path) => new URL(path, document.baseURI).href;
const root = here(site.root);
const byId = (id) => document.getElementById(id);

function fill(sentence, blanks) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in blanks ? String(blanks[name]) : whole));
}

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

// --- What is kept ----------------------------------------------------------------------------------------------------

const keyOf = (slug) => `hornbook ${root} ${slug}`;

function read(slug) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(slug)) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

function write(slug, kept) {
  try {
    localStorage.setItem(keyOf(slug), JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

// --- Without a network -------------------------------------------------------------------------------------------------

const standing = byId("standing");

function stand(sentence) {
  if (standing.textContent !== sentence) standing.textContent = sentence;
}

/** Have the site kept on this device; resolves once it is, or once it is known that it cannot be. */
async function keep() {
  const workers = navigator.serviceWorker;
  if (!workers) {
    stand(words.unkept);
    return;
  }
  workers.addEventListener("message", ({ data }) => {
    if (data.type === "getting" && !workers.controller) stand(fill(words.getting, { percent: data.percent }));
  });
  let taking = false;
  workers.addEventListener("controllerchange", () => {
    if (taking) location.reload();
  });
  let registration = null;
  try {
    registration = await workers.register(here(`${site.root}sw.js`), { scope: root, updateViaCache: "none" });
  } catch {
    // Without a network a page that is kept is still here.
    registration = await workers.getRegistration(root).catch(() => null);
  }
  if (!registration) {
    stand(words.unkept);
    return;
  }
  const offer = () => {
    if (!registration.waiting || !workers.controller) return;
    stand(words.update);
    const button = byId("update");
    button.hidden = false;
    button.onclick = () => {
      taking = true;
      registration.waiting?.postMessage({ type: "take over" });
    };
  };
  registration.addEventListener("updatefound", () => {
    const coming = registration.installing;
    coming?.addEventListener("statechange", () => {
      if (coming.state === "installed") offer();
      if (coming.state === "redundant" && !registration.active) stand(words.unkept);
    });
  });
  // A page that was reloaded past what is kept has no controller, and gets none.
  if (!workers.controller && !registration.active) {
    await new Promise((resolve) => {
      workers.addEventListener("controllerchange", resolve, { once: true });
      registration.installing?.addEventListener("statechange", ({ target }) => target.state === "redundant" && resolve());
    });
  }
  if (workers.controller || registration.active) stand(words.ready);
  offer();
}

// --- A card --------------------------------------------------------------------------------------------------------------

/** What `card.js` draws from: the part of a widget's model that it asks for. */
class Model {
  constructor(shown, changed) {
    this.values = { card: {}, running: {}, shown, language: site.language };
    this.listeners = new Map();
    this.changed = changed;
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
    for (const listener of this.listeners.get(`change:${name}`) ?? []) listener();
  }

  save_changes() {
    this.changed();
  }

  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  off(name, listener) {
    this.listeners.set(name, (this.listeners.get(name) ?? []).filter((one) => one !== listener));
  }
}

/** The revealed hints that stay so with a new card: those of a check whose ladder begins as it did. */
function stillShown(shown, before, card) {
  const rows = (one) => (one.sections ?? []).flatMap((part) => [...part.rows, ...part.folds.flatMap((fold) => fold.rows)]);
  const former = new Map(rows(before).map((row) => [row.id, row.hints]));
  const counts = rows(card).map((row) => {
    const seen = (former.get(row.id) ?? []).slice(0, shown[row.id] ?? 0);
    let same = 0;
    while (same < seen.length && seen[same] === row.hints[same]) same += 1;
    return [row.id, same];
  });
  return Object.fromEntries(counts.filter(([, count]) => count));
}

// --- A lesson ------------------------------------------------------------------------------------------------------------

class LessonPage {
  constructor(lesson, card, asking) {
    this.lesson = lesson;
    this.card = card;
    this.Ended = asking.Ended;
    this.ask = asking.ask;
    const wheels = site.wheels.map(here);
    const parts = { worker: here(site.worker), runtime: here(site.runtime), engine: here(site.engine), course: here(site.packed), wheels };
    this.runner = new asking.Python("run", parts, lesson.slug, site.language);
    this.checker = new asking.Python("check", parts, lesson.slug, site.language);
    this.kept = read(lesson.slug);
    this.cells = [...document.querySelectorAll("[data-cell]")].map((node) => this.cell(node));
    this.models = new Map();
    this.ran = new Set();
    this.queue = Promise.resolve();
    this.checks = Promise.resolve();
    this.active = null;
    this.checking = new Set();
    this.saving = null;
    if (this.kept.digest !== lesson.digest) {
      // Another version of the lesson: what was written stays, what was said of it does not.
      this.kept = { digest: lesson.digest, cells: this.kept.cells ?? {}, done: [], cards: {}, shown: {} };
    }
    for (const name of ["cells", "cards", "shown"]) this.kept[name] ??= {};
    this.kept.done ??= [];
    this.restore();
    for (const cell of this.cells) this.listen(cell);
    byId("download").addEventListener("click", () => this.download());
    byId("open").addEventListener("change", ({ target }) => this.open(target));
    byId("over").addEventListener("click", () => this.startOver());
    addEventListener("pagehide", () => this.save());
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
    addEventListener("storage", ({ key }) => key === keyOf(lesson.slug) && this.takeOver());
    new Keyboard(byId("keyboard"), this.cells.filter((cell) => !cell.prose).map((cell) => cell.field));
  }

  cell(node) {
    const number = Number(node.dataset.cell);
    const part = (name) => node.querySelector(name);
    const shipped = this.lesson.notebook.cells[number];
    return {
      node,
      number,
      shipped: shipped.source,
      id: shipped.id,
      exercise: node.dataset.exercise || null,
      prose: node.dataset.prose === "1",
      field: part("textarea"),
      run: part(".run"),
      check: part(".check"),
      output: part(".output"),
      verdict: part(".verdict"),
      outputs: [],
    };
  }

  restore() {
    for (const cell of this.cells) {
      const source = this.kept.cells[cell.id];
      if (typeof source === "string" && cell.field !== document.activeElement) cell.field.value = source;
      grow(cell.field);
      if (cell.verdict && this.kept.cards[cell.exercise]) this.model(cell).set("card", this.kept.cards[cell.exercise]);
    }
  }

  listen(cell) {
    cell.field.addEventListener("input", () => {
      grow(cell.field);
      if (this.saving === null) this.saving = setTimeout(() => this.save(), 300);
    });
    if (cell.prose) return;
    cell.field.addEventListener("keydown", (event) => keys(event, cell.field, () => this.run(cell)));
    cell.run.addEventListener("click", () => this.run(cell));
    cell.check?.addEventListener("click", () => this.check(cell));
  }

  save() {
    clearTimeout(this.saving);
    this.saving = null;
    // What another tab has written meanwhile to cells that were not touched here stays.
    const others = read(this.lesson.slug).cells ?? {};
    for (const cell of this.cells) {
      if (cell.field.value === cell.shipped && !(cell.id in this.kept.cells)) continue;
      if (cell.field.value !== this.kept.cells[cell.id]) this.kept.cells[cell.id] = cell.field.value;
      else if (typeof others[cell.id] === "string") this.kept.cells[cell.id] = others[cell.id];
    }
    if (!write(this.lesson.slug, this.kept)) this.note(words.unsaved);
    else navigator.storage?.persist?.();
  }

  /** Take over what the same lesson in another tab has kept. */
  takeOver() {
    this.kept = { ...this.kept, ...read(this.lesson.slug) };
    this.restore();
  }

  note(sentence) {
    const node = byId("note");
    node.hidden = !sentence;
    node.textContent = sentence;
  }

  // Running.

  run(cell) {
    if (cell.running) {
      if (this.active === cell) this.runner.stop();
      else cell.cancelled = true;
      return;
    }
    cell.running = true;
    cell.cancelled = false;
    cell.run.textContent = words.stop;
    // Cells run one after the other, and before one those above it that have not run since Python began.
    this.queue = this.queue.then(() => this.runInTurn(cell));
  }

  async runInTurn(cell) {
    this.active = cell;
    try {
      if (cell.cancelled) return;
      const above = this.cells.filter((one) => one.number < cell.number && !one.prose && !this.ran.has(one.id));
      for (const one of [...above, cell]) await this.runOne(one);
    } catch (error) {
      if (!(error instanceof this.Ended)) throw error;
      this.ran.clear();
      const said = { stopped: words.stopped, died: words.ended }[error.how] ?? words.ended;
      this.show(cell, { output_type: "stream", name: "stderr", text: error.step === null && error.message ? fill(words["cannot-begin"], { problem: error.message }) : said });
    } finally {
      this.active = null;
      cell.running = false;
      cell.run.textContent = words.run;
    }
    if (cell.exercise && this.isTouched(cell.exercise)) this.check(cell);
  }

  async runOne(cell) {
    cell.outputs = [];
    cell.output.replaceChildren();
    cell.output.hidden = true;
    cell.node.setAttribute("aria-busy", "true");
    try {
      if (!this.runner.started) this.show(cell, { output_type: "waiting", text: words.starting });
      await this.runner.begin();
      cell.output.querySelector(".waiting")?.remove();
      cell.output.hidden = !cell.output.children.length;
      await this.runner.ask({ type: "run", source: cell.field.value }, (data) => data.type === "output" && this.show(cell, data.output));
      this.ran.add(cell.id);
    } finally {
      cell.output.querySelector(".waiting")?.remove();
      cell.node.removeAttribute("aria-busy");
    }
  }

  show(cell, output) {
    const area = cell.output;
    area.hidden = false;
    if (output.output_type === "waiting") {
      area.append(make("p", "waiting", output.text));
      return;
    }
    cell.outputs.push(output);
    if (output.output_type === "stream") {
      const last = area.lastElementChild;
      if (last?.dataset.stream === output.name) last.textContent += output.text;
      else {
        const node = make("pre", output.name === "stderr" ? "trouble" : "", output.text);
        node.dataset.stream = output.name;
        node.tabIndex = 0;
        area.append(node);
      }
    } else if (output.output_type === "error") {
      const node = make("pre", "trouble", output.traceback.join("\n"));
      node.tabIndex = 0;
      area.append(node);
    } else {
      const kind = ["image/png", "image/svg+xml"].find((one) => one in output.data);
      if (kind) {
        const picture = make("img");
        picture.alt = words.picture;
        picture.src = kind === "image/png" ? `data:${kind};base64,${output.data[kind].replace(/\s/g, "")}` : `data:${kind};utf8,${encodeURIComponent(output.data[kind])}`;
        area.append(picture);
      } else {
        const node = make("pre", "", output.data["text/plain"]);
        node.tabIndex = 0;
        area.append(node);
      }
    }
  }

  // Checking.

  isTouched(exercise) {
    return this.cells.some((cell) => cell.exercise === exercise && cell.field.value !== cell.shipped);
  }

  model(cell) {
    const found = this.models.get(cell.exercise);
    if (found) return found;
    const model = new Model(this.kept.shown[cell.exercise] ?? {}, () => {
      this.kept.shown[cell.exercise] = model.get("shown");
      this.save();
    });
    this.models.set(cell.exercise, model);
    this.card.render({ model, el: cell.verdict });
    return model;
  }

  check(cell) {
    const exercise = cell.exercise;
    if (this.checking.has(exercise)) return;
    this.checking.add(exercise);
    cell.check.setAttribute("aria-disabled", "true");
    const place = this.cells.findLast((one) => one.exercise === exercise && one.verdict);
    const model = this.model(place);
    model.set("running", { title: exercise, label: words.checking, ended: words.ended });
    // There is one Python that checks: exercises are checked one after the other.
    this.checks = this.checks.then(() => this.checkInTurn(cell, exercise, place, model));
  }

  async checkInTurn(cell, exercise, place, model) {
    const running = (label) => model.set("running", { title: exercise, label, ended: words.ended });
    try {
      const answer = await this.asked(exercise, ({ done, of }) => of > 1 && running(`${words.checking} ${done}/${of}`));
      const before = model.get("card");
      model.values.shown = stillShown(model.get("shown"), before, answer.card);
      this.kept.done = answer.done;
      this.kept.cards[exercise] = answer.card;
      this.kept.shown[exercise] = model.get("shown");
      model.set("card", answer.card);
      model.set("running", {});
      this.save();
      // On a small screen the answer would stand below its edge.
      place.verdict.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (!(error instanceof this.Ended)) throw error;
      model.set("running", {});
      this.note(fill(words["cannot-begin"], { problem: error.message }));
    } finally {
      this.checking.delete(exercise);
      cell.check.removeAttribute("aria-disabled");
    }
  }

  /** Ask the checks of `exercise`. */
  asked(exercise, listen) {
    const question = () => ({ slug: this.lesson.slug, notebook: JSON.stringify(this.notebook()), exercise, language: site.language, done: this.kept.done });
    return this.ask(this.checker, question, listen);
  }

  // The work as a file.

  notebook() {
    const notebook = structuredClone(this.lesson.notebook);
    for (const cell of this.cells) {
      const one = notebook.cells[cell.number];
      one.source = cell.field.value;
      if (!cell.prose) one.outputs = cell.outputs.map((output) => ({ ...output }));
    }
    return notebook;
  }

  download() {
    this.save();
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(this.notebook(), null, 1)], { type: "application/x-ipynb+json" }));
    link.download = `${this.lesson.slug}.ipynb`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  async open(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    let notebook = null;
    try {
      if (file.size < 20_000_000) notebook = JSON.parse(await file.text());
    } catch {
      // What is no JSON is no notebook either.
    }
    if (!Array.isArray(notebook?.cells)) {
      this.note(words["no-notebook"]);
      return;
    }
    if ((notebook.metadata?.hornbook?.slug ?? this.lesson.slug) !== this.lesson.slug) {
      this.note(words["other-lesson"]);
      return;
    }
    const text = (source) => (Array.isArray(source) ? source.join("") : String(source ?? ""));
    const found = new Map(notebook.cells.filter((one) => typeof one?.id === "string").map((one) => [one.id, text(one.source)]));
    for (const cell of this.cells) {
      if (!found.has(cell.id)) continue;
      cell.field.value = found.get(cell.id);
      grow(cell.field);
    }
    this.save();
    this.note(fill(words.opened, { title: file.name }));
  }

  startOver() {
    if (!confirm(words.sure)) return;
    this.runner.drop();
    this.checker.drop();
    // Nothing of it may be written once more when the page goes.
    this.save = () => {};
    localStorage.removeItem(keyOf(this.lesson.slug));
    location.reload();
  }
}

// --- Writing -------------------------------------------------------------------------------------------------------------

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

/** Put `text` in the place of what is marked, in a way that can be undone. */
function insert(field, text) {
  field.focus();
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** What a key does in a cell. After Esc, Tab leaves the cell, so that nobody is caught in it. */
function keys(event, field, run) {
  if (event.isComposing) return;
  const leaving = field.dataset.leaving === "1";
  field.dataset.leaving = event.key === "Escape" || (event.key === "Shift" && leaving) ? "1" : "";
  if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const line = field.value.slice(0, field.selectionStart).split("\n").pop();
    insert(field, `\n${/^[ \t]*/.exec(line)[0]}${/:\s*(#.*)?$/.test(line) ? "    " : ""}`);
  } else if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    indent(field, event.shiftKey);
  }
}

/** Move the marked lines by four places, or put as many spaces as lead to the next fourth column. */
function indent(field, back) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const first = value.lastIndexOf("\n", start - 1) + 1;
  if (start === end && !back) {
    insert(field, " ".repeat(4 - ((start - first) % 4)));
    return;
  }
  const marked = value.slice(first, end);
  const moved = back ? marked.replace(/^ {1,4}/gm, "") : marked.replace(/^(?=.)/gm, "    ");
  const shift = back ? marked.split("\n")[0].length - moved.split("\n")[0].length : -4;
  field.setSelectionRange(first, end);
  if (moved) insert(field, moved);
  else field.setRangeText("", first, end, "end");
  field.setSelectionRange(start === end ? Math.max(first, start - shift) : first, Math.max(first, end + moved.length - marked.length));
}

/** Keys that a phone hides behind others, while a cell is written in. */
class Keyboard {
  constructor(node, fields) {
    if (!node || !matchMedia("(pointer: coarse)").matches) return;
    let field = null;
    for (const key of ["⇥", "(", ")", "[", "]", ":", "=", '"', "'", "_", "#", "%", "*"]) {
      const button = make("button", "", key);
      button.type = "button";
      if (key === "⇥") button.setAttribute("aria-label", "Tab");
      // The cell keeps the focus, and the phone its keyboard.
      button.addEventListener("pointerdown", (event) => event.preventDefault());
      button.addEventListener("click", () => field && (key === "⇥" ? indent(field, false) : insert(field, key)));
      node.append(button);
    }
    for (const one of fields) {
      one.addEventListener("focus", () => {
        field = one;
        node.hidden = false;
      });
      one.addEventListener("blur", () => {
        node.hidden = true;
      });
    }
  }
}

// --- Begin ---------------------------------------------------------------------------------------------------------------

function index() {
  for (const node of document.querySelectorAll(".progress[data-slug]")) {
    const done = read(node.dataset.slug).done ?? [];
    if (done.length) node.textContent = fill(words.done, { done: done.length, total: node.dataset.total });
  }
}

if (site.lesson) {
  const page = new LessonPage(site.lesson, (await import(here(site.card))).default, await import(here(site.asking)));
  await keep();
  // Both are begun before anybody asks for them, one after the other: the one that runs cells is wanted first.
  document.documentElement.dataset.ready = "1";
  page.runner.begin().then(() => page.checker.begin()).catch(() => {});
} else {
  index();
  await keep();
  document.documentElement.dataset.ready = "1";
}
