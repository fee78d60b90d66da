"use strict";
/* Finds and filters what stands in the page already; without it the page is a list that can be read. It asks no server for anything. */
(() => {
  const $ = (id) => document.getElementById(id);
  const query = $("query");
  if (!query) return;
  const months = [...document.querySelectorAll(".month")];
  const cards = [...document.querySelectorAll(".card")];
  const homes = new Map(months.map((month) => [month.querySelector(".cards"), [...month.querySelectorAll(".card")]]));
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

  /* While words are looked for, the best of what they find stands in a list of its own, taken from the months. */
  const AT_ONCE = 60;
  let ranked = false;
  const rank = (hits) => {
    for (const card of hits) card.hidden = false;
    $("hits").replaceChildren(...hits.slice(0, AT_ONCE));
    $("rest").hidden = hits.length <= AT_ONCE;
    $("rest").textContent = `Show the other ${hits.length - AT_ONCE}`;
    $("rest").onclick = () => {
      $("hits").append(...hits.slice(AT_ONCE));
      $("rest").hidden = true;
      hits[AT_ONCE].querySelector("a").focus();
    };
  };
  const list = (hits) => {
    const shown = new Set(hits);
    if (ranked) for (const [home, own] of homes) if (home.children.length < own.length) home.replaceChildren(...own);
    for (const card of cards) card.hidden = !shown.has(card);
    for (const month of months) month.hidden = !month.querySelector(".card:not([hidden])");
  };
  const update = () => {
    const asked = query.value.trim();
    const pressed = buttons.filter((button) => button.getAttribute("aria-pressed") === "true").map(key);
    const hits = (asked ? search(asked) : cards).filter((card) => pressed.every((one) => traits.get(card).has(one)));
    if (asked) rank(hits);
    else list(hits);
    ranked = Boolean(asked);
    if (ranked) for (const month of months) month.hidden = true;
    $("ranked").hidden = !ranked || !hits.length;
    $("strip").hidden = ranked || pressed.length > 0;
    $("reset").hidden = !$("strip").hidden;
    const counts = new Map();
    for (const card of hits) for (const one of traits.get(card)) counts.set(one, (counts.get(one) ?? 0) + 1);
    for (const button of buttons) {
      const count = counts.get(key(button)) ?? 0;
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
