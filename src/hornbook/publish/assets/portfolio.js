"use strict";
/* Finds and filters what stands in the page already; without it the page is a list that can be read. It asks no server for anything. */
(() => {
  const $ = (id) => document.getElementById(id);
  const query = $("query");
  if (!query) return;
  const months = [...document.querySelectorAll(".month")];
  const cards = [...document.querySelectorAll(".card")];
  const homes = new Map(cards.map((card) => [card, card.parentElement]));
  const buttons = [...document.querySelectorAll(".facets button")];
  const key = (button) => `${button.dataset.kind}=${button.dataset.value}`;
  const traits = new Map(
    cards.map((card) => [
      card,
      new Set([
        ...[...card.querySelectorAll("[data-skill]")].map((skill) => `skill=${skill.dataset.skill}`),
        `assurance=${card.dataset.assurance}`,
        ...(card.querySelector(".endorsed") ? ["endorsed=yes"] : []),
      ]),
    ]),
  );

  /* Letters without their accents, so that a query without them finds those with them. */
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const part = (card, selector) => [...card.querySelectorAll(selector)].map((one) => one.textContent).join(" ");
  const texts = new Map();
  let index;
  const indexed = () => {
    if (index) return index;
    index = new MiniSearch({
      fields: ["title", "skills", "summary", "endorsed"],
      processTerm: (term) => plain(term) || null,
      searchOptions: {
        boost: { title: 3, skills: 2 },
        combineWith: "AND",
        prefix: true,
        fuzzy: (term) => (term.length > 7 ? 2 : term.length > 3 ? 1 : 0),
      },
    });
    index.addAll(
      cards.map((card, id) => {
        const one = { id, title: part(card, "h3"), skills: part(card, ".skills li"), summary: part(card, ".summary"), endorsed: part(card, ".endorsed") };
        texts.set(card, plain(Object.values(one).join("\n")));
        return one;
      }),
    );
    return index;
  };
  const search = (asked) => {
    const found = indexed().search(asked).map(({ id }) => cards[id]);
    /* Where words are not set apart by spaces, what is asked for stands within them. */
    return found.length ? found : cards.filter((card) => texts.get(card).includes(plain(asked)));
  };

  const tell = (hits, asked) => {
    const all = `${cards.length} ${cards.length === 1 ? "lesson" : "lessons"}`;
    $("count").textContent = hits ? (hits === cards.length ? all : `${hits} of ${all}`) : `Nothing fits${asked ? ` “${asked}”` : ""}. Try fewer words, or another skill.`;
  };

  let ranked = false;
  const update = () => {
    const asked = query.value.trim();
    const pressed = buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map(key);
    const fitting = asked ? search(asked) : cards;
    const hits = fitting.filter((card) => pressed.every((one) => traits.get(card).has(one)));
    const shown = new Set(hits);
    if (asked) $("hits").append(...hits);
    else if (ranked) for (const card of cards) homes.get(card).append(card);
    ranked = Boolean(asked);
    for (const card of cards) card.hidden = !shown.has(card);
    for (const month of months) month.hidden = ranked || !month.querySelector(".card:not([hidden])");
    $("ranked").hidden = !ranked || !hits.length;
    $("strip").hidden = $("reset").hidden = true;
    if (asked || pressed.length) $("reset").hidden = false;
    else $("strip").hidden = false;
    for (const button of buttons) {
      const count = hits.reduce((sum, card) => sum + traits.get(card).has(key(button)), 0);
      button.querySelector("span").textContent = count;
      button.disabled = !count && button.getAttribute("aria-pressed") !== "true";
    }
    tell(hits.length, asked);
  };

  /* What is looked for stands in the address, so that it can be sent to somebody. */
  const remember = () => {
    const asked = new URLSearchParams();
    if (query.value.trim()) asked.set("q", query.value.trim());
    for (const button of buttons) if (button.getAttribute("aria-pressed") === "true") asked.append(button.dataset.kind, button.dataset.value);
    try {
      history.replaceState(null, "", `#${asked}`);
    } catch {
      /* Some browsers allow it to no page from a disk, or not so often. */
    }
  };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (!["q", "skill", "assurance", "endorsed"].some((name) => asked.has(name))) return;
    query.value = asked.get("q") ?? "";
    for (const button of buttons) {
      const pressed = asked.getAll(button.dataset.kind).includes(button.dataset.value);
      button.setAttribute("aria-pressed", pressed);
      const folded = button.closest("details");
      if (pressed && folded) folded.open = true;
    }
    update();
  };

  query.addEventListener("input", update);
  query.addEventListener("change", remember);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      update();
      remember();
    });
  }
  $("reset").addEventListener("click", () => {
    query.value = "";
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    update();
    remember();
    query.focus();
  });
  $("find").addEventListener("submit", (event) => {
    event.preventDefault();
    remember();
  });
  addEventListener("hashchange", recall);
  $("find").hidden = false;
  tell(cards.length, "");
  recall();
  (globalThis.requestIdleCallback ?? setTimeout)(indexed);
})();
