// Draws the card of hornbook/card.py. It has no words of its own (they come with the card), asks nobody (a hint is revealed without
// the kernel), and makes every node by createElement and textContent: what a learner's code printed is never read as markup.

const SVG = "http://www.w3.org/2000/svg";

/** The symbols of hornbook/show.py as lines, since no font has them all: a square of 16, by the status they stand for. */
const SYMBOLS = {
  passed: "M4.2 8.4l2.6 2.6 5-5.4",
  failed: "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6",
  "not attempted": "M7.6 8h.8",
  skipped: "M5 8h6",
  "timed out": "M8 4.2V8l2.6 1.6",
  "out of memory": "M8 4.6l3.6 6.2H4.4z",
  forbidden: "M12.4 8a4.4 4.4 0 1 1-8.8 0a4.4 4.4 0 1 1 8.8 0M5 11l6-6",
  broken: "M6.1 6.3a2 2 0 1 1 2.9 1.8c-.7.4-1 .8-1 1.5M8 12h.01",
};

function make(tag, name, ...children) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Text that a person wrote: what stands between backticks is code, and its first strong letter says from where it is read. */
function prose(tag, name, text) {
  const node = make(tag, name);
  return write(node, text);
}

/** Put *text* into *node* as `prose` does. */
function write(node, text) {
  node.replaceChildren();
  node.dir = "auto";
  text.split(/`([^`\n]+)`/).forEach((piece, number) => {
    if (number % 2) node.append(make("code", "hb-code", piece));
    else if (piece) node.append(piece);
  });
  return node;
}

/** A value in monospace; the part from `differs[0]` to `differs[1]` (in code points) is marked, spaces at its ends can be seen. */
function value(text, differs) {
  const node = make("div", "hb-value");
  node.dir = "ltr";
  const characters = Array.from(text);
  if (!differs || differs[0] >= differs[1]) {
    node.append(text);
    return node;
  }
  const part = characters.slice(...differs).join("");
  const mark = make("mark", "hb-differs");
  let done = 0;
  for (const spaces of part.matchAll(/ {2,}|^ | $/g)) {
    mark.append(part.slice(done, spaces.index), make("span", "hb-spaces", spaces[0]));
    done = spaces.index + spaces[0].length;
  }
  mark.append(part.slice(done));
  node.append(characters.slice(0, differs[0]).join(""), mark, characters.slice(differs[1]).join(""));
  return node;
}

function labelled(label, text, differs) {
  return make("div", "hb-labelled", make("div", "hb-label", label), value(text, differs));
}

function fill(sentence, words) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in words ? String(words[name]) : whole));
}

function drawing(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, text] of Object.entries(attributes)) node.setAttribute(name, text);
  node.append(...children);
  return node;
}

function symbolOf(status, otherwise) {
  const path = SYMBOLS[status];
  const node = make("span", "hb-symbol", path ? drawing("svg", { viewBox: "0 0 16 16" }, drawing("path", { d: path })) : otherwise);
  node.setAttribute("aria-hidden", "true");
  return node;
}

function ring(progress) {
  const svg = drawing("svg", { viewBox: "0 0 36 36", class: "hb-ring", role: "img", "aria-label": progress.name });
  const around = 2 * Math.PI * 15;
  for (const [name, part] of [["hb-ring-all", 1], ["hb-ring-done", progress.done / progress.of]]) {
    if (!part) continue;
    const dashes = `${part * around} ${around}`;
    svg.append(drawing("circle", { class: name, cx: "18", cy: "18", r: "15", "stroke-dasharray": dashes }));
  }
  const label = make("span", "hb-ring-label", progress.label);
  label.setAttribute("aria-hidden", "true");
  return make("div", "hb-progress", label, svg);
}

/** The hints of a row that are revealed, and the button for the next one. `update` reveals more without a new button, so focus stays. */
function ladder(row, words, isFocus, reveal) {
  const total = row.hints.length;
  const list = make("ol", "hb-hints");
  list.setAttribute("aria-live", "polite");
  list.classList.toggle("hb-hints-numbered", total > 1);
  const button = make("button", "hb-more");
  button.type = "button";
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") reveal(row);
  });
  const label = isFocus ? make("div", "hb-step-label", words["next-step"]) : null;
  const revealed = make("span", "hb-revealed");
  const ask = total > row.open ? make("div", "hb-ask", button, revealed) : null;
  const node = make("div", isFocus ? "hb-step hb-step-focus" : "hb-step", label, list, ask);
  const update = (count) => {
    while (list.children.length > count) list.lastChild.remove();
    while (list.children.length < count) {
      list.append(prose("li", "hb-hint", row.hints[list.children.length]));
    }
    const left = total - count;
    node.classList.toggle("hb-step-bare", count === 0);
    button.textContent = left ? words[count ? "next-hint" : "first-hint"] : words["last-hint"];
    button.setAttribute("aria-disabled", String(!left));
    revealed.textContent = count && left ? fill(words["hints-shown"], { number: count, total }) : "";
  };
  return { node, update };
}

function details(row, words, step) {
  const node = make("div", "hb-details");
  if (row.message) node.append(prose("div", "hb-message", row.message));
  if (row.asked !== null) node.append(labelled(words.asked, row.asked));
  const pairs = make("div", "hb-pair");
  const [came, expected] = row.differs ?? [null, null];
  if (row.came !== null) pairs.append(labelled(words.came, row.came, came));
  if (row.expected !== null) pairs.append(labelled(words.expected, row.expected, expected));
  if (pairs.children.length) node.append(pairs);
  if (row.traceback.length) node.append(labelled(words["in-your-code"], row.traceback.join("\n")));
  if (row.printed.length) node.append(labelled(words.printed, row.printed.join("\n")));
  if (step) node.append(step);
  return node;
}

function kind(status) {
  return status.replaceAll(" ", "-");
}

function line(row) {
  return [symbolOf(row.status, row.symbol), prose("span", "hb-check", row.title), make("span", "hb-word", row.word)];
}

function hasDetails(row) {
  const values = [row.asked, row.came, row.expected].some((text) => text !== null);
  return Boolean(row.message || row.traceback.length || row.printed.length || row.hints.length || values);
}

function render({ model, el }) {
  // What stands here for as long as the view does: the region that is read out must not be made anew with each card.
  const head = make("div", "hb-head");
  const headline = make("div", "hb-headline");
  headline.setAttribute("role", "status");
  const points = make("span", "hb-points");
  const body = make("div", "hb-body");
  const root = make("section", "hornbook-card", head, make("div", "hb-standing", symbolOf(""), headline, points), body);
  let last = "";
  let gone = false;
  const ladders = new Map();
  const toggled = new Map();

  function count(row) {
    return Math.min(row.hints.length, Math.max(row.open, model.get("shown")[row.id] ?? 0));
  }

  function reveal(row) {
    model.set("shown", { ...model.get("shown"), [row.id]: count(row) + 1 });
    // A kernel that is busy hears of it later; one that is gone need not.
    model.save_changes();
  }

  function check(row, card) {
    if (!hasDetails(row)) return make("div", `hb-row hb-line hb-is-${kind(row.status)}`, ...line(row));
    const isFocus = row.id === card.focus;
    let step = null;
    if (row.hints.length) {
      const made = ladder(row, card.words, isFocus, reveal);
      made.update(count(row));
      ladders.set(row.id, { row, update: made.update });
      step = made.node;
    }
    const summary = make("summary", "hb-line", ...line(row));
    const node = make("details", `hb-row hb-is-${kind(row.status)}`, summary, details(row, card.words, step));
    node.open = toggled.get(row.id) ?? isFocus;
    summary.addEventListener("click", () => toggled.set(row.id, !node.open));
    return node;
  }

  function section(part, card) {
    const node = make("div", "hb-section");
    if (part.name) {
      const name = prose("span", "hb-section-name", part.name);
      name.setAttribute("role", "heading");
      name.setAttribute("aria-level", "4");
      node.append(make("div", "hb-section-head", name, make("span", "hb-points", part.points)));
    }
    node.append(...part.rows.map((row) => check(row, card)));
    for (const fold of part.folds) {
      const summary = make("summary", "hb-line hb-fold-line", make("span", "hb-check", fold.label));
      node.append(make("details", "hb-row hb-fold", summary, ...fold.rows.map((row) => check(row, card))));
    }
    if (part.more) node.append(make("div", "hb-row hb-quiet", part.more));
    for (const why of part.why) {
      node.append(make("div", "hb-why", make("div", "hb-step-label", card.words.why), prose("div", "", why)));
    }
    return node;
  }

  function drawStanding() {
    const card = model.get("card");
    const running = model.get("running");
    const busy = Boolean(running.label) && !gone;
    // A kernel that ends in the middle of a check can no longer say so.
    const said = running.label ? (busy ? running.label : running.ended) : (card.headline ?? "");
    root.className = `hornbook-card hb-is-${busy ? "running" : (card.state ?? "empty")}`;
    root.querySelector(".hb-standing > .hb-symbol").replaceWith(symbolOf(!busy && ["passed", "broken"].includes(card.state) ? card.state : ""));
    // The same words again would be read out again.
    if (last !== said) write(headline, said);
    last = said;
    points.textContent = busy ? "" : (card.points ?? "");
    body.setAttribute("aria-busy", String(busy));
    if (running.title && !card.title) drawHead({ title: running.title });
  }

  function drawHead(card) {
    const title = prose("div", "hb-title", card.title);
    title.setAttribute("role", "heading");
    title.setAttribute("aria-level", "3");
    const over = card.over ? prose("div", "hb-over", card.over) : null;
    head.replaceChildren(make("div", "hb-titles", over, title), ...(card.progress ? [ring(card.progress)] : []));
    root.setAttribute("aria-label", card.title);
  }

  function drawCard() {
    const card = model.get("card");
    ladders.clear();
    if (card.title) {
      drawHead(card);
      body.replaceChildren(...card.sections.map((part) => section(part, card)));
      for (const note of card.notes) {
        body.append(make("div", "hb-note", make("span", "hb-label", note.label), prose("span", "", note.text)));
      }
      if (card.next) body.append(prose("div", "hb-next", card.next));
      if (card.assurance) body.append(prose("div", "hb-quiet", card.assurance));
    }
    drawStanding();
  }

  function drawShown() {
    for (const { row, update } of ladders.values()) update(count(row));
  }

  function drawLanguage() {
    root.lang = model.get("language");
  }

  function drawGone() {
    gone = true;
    drawStanding();
  }

  function drawRunning() {
    gone = false;
    drawStanding();
  }

  const listeners = { "comm_live_update": drawGone, "change:card": drawCard, "change:running": drawRunning, "change:shown": drawShown, "change:language": drawLanguage };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  drawCard();
  drawLanguage();
  el.append(root);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
  };
}

export default { render };
