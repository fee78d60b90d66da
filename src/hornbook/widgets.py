"""The card of `card.py` as a widget: drawn by `static/card.js` in every host that knows anywidget.

    card = CheckCard()
    card.begin("mean")                    "Checking…", while somebody checks
    card.show(Card.of(verdict, ...))      what came of it, wherever the card is displayed
    card.mimebundle()                     the widget with its twins in HTML and plain text, for hosts without widgets

Which hints are revealed is known here as well as in the browser, so that it outlives a reload of the page and another run.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from hornbook.card import Card, checking

STATIC: Final = Path(__file__).parent / "static"


class CheckCard(anywidget.AnyWidget):
    """A card that can be displayed many times and shows the same everywhere."""

    _esm = STATIC / "card.js"
    _css = STATIC / "card.css"

    card = traitlets.Dict().tag(sync=True)
    """The card, as `Card.to_json` gives it; empty before the first check has ended."""
    shown = traitlets.Dict(value_trait=traitlets.Int(min=0), key_trait=traitlets.Unicode()).tag(sync=True)
    """How many hints of each check are revealed. The browser counts on without the kernel."""
    running = traitlets.Dict().tag(sync=True)
    """What is being checked now, as `card.checking` gives it; empty when nothing is."""
    language = traitlets.Unicode("en").tag(sync=True)
    """The language that the words are in (BCP 47)."""

    def __init__(self, card: Card | None = None, **traits: Any) -> None:
        super().__init__(**traits)
        self._shows = Card.saying("", "")
        self._ladders: dict[str, tuple[str, ...]] = {}
        if card is not None:
            self.show(card)

    def begin(self, title: str, *, of: int | None = None) -> None:
        """Show that *title* is being checked now; *of* is how many checks it has, where that is known."""
        self.running = checking(title, 0 if of else None, of or None)

    def advance(self, done: int) -> None:
        """Show that *done* of the checks announced to `begin` have been asked."""
        of = self.running.get("of")
        if of is not None:
            self.running = checking(self.running["title"], min(done, of), of)

    def show(self, card: Card) -> None:
        """Show *card*, and whichever of its hints were revealed before: those of a check whose ladder is still the same."""
        revealed = dict(self.shown)
        for row in card.rows():
            # A hint that the learner has not read yet is never given away by the count of another ladder.
            read = self._ladders.get(row.id, ())[: revealed.get(row.id, 0)]
            if row.hints:
                revealed[row.id] = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(read, row.hints, strict=False)))
                self._ladders[row.id] = row.hints
        self._shows = card
        with self.hold_sync():
            self.card = card.to_json()
            self.shown = {name: number for name, number in revealed.items() if number}
            self.language = card.language
            self.running = {}

    def mimebundle(self) -> dict[str, Any]:
        """Return what a notebook's output holds: the widget, and its twins as HTML and as plain text."""
        data, _ = self._repr_mimebundle_()
        return data

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if bundle is not None else ({}, {})
        shows = Card.saying(self.running["title"], self.running["label"]) if self.running else self._shows
        return {**data, "text/plain": shows.text(self.shown), "text/html": shows.html(self.shown)}, metadata
