"""The words of the JupyterLab side: every one is translated, and Jupyter's server gives them out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jupyterlab_server.translation_utils import get_language_pack

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "jlab_extension" / "src"
LOCALE = ROOT / "src" / "hornbook" / "locale"
LANGUAGES = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/hornbook.json"))

TEXT = r"""\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")\s*"""
CALL = re.compile(rf"\.(__|gettext|_n|ngettext|_p|pgettext|_np|npgettext)\((?:{TEXT}(?:,{TEXT})?)?")
CONTEXT = "\x04"


def words(source: str) -> dict[str, int]:
    """Return what *source* has translated, each with how many forms it needs. Raises ValueError where it is not written out."""
    found = {}
    for match in CALL.finditer(source):
        function, *texts = match.groups()
        first, second = (_unquoted(texts[0] or texts[1]), _unquoted(texts[2] or texts[3]))
        if first is None:
            raise ValueError(f"a text is made up as it goes, so nobody can translate it: {source[match.start() : match.end() + 40]}")
        if function in ("_p", "pgettext", "_np", "npgettext"):
            assert second is not None
            found[f"{first}{CONTEXT}{second}"] = 2 if function in ("_np", "npgettext") else 1
        else:
            found[first] = 2 if function in ("_n", "ngettext") else 1
    return found


def _unquoted(text: str | None) -> str | None:
    return None if text is None else re.sub(r"\\(.)", r"\1", text)


def used() -> dict[str, int]:
    """Return what all our sources have translated."""
    found: dict[str, int] = {}
    for path in sorted(SOURCES.rglob("*.ts*")):
        if "test" not in path.relative_to(SOURCES).parts:
            for text, forms in words(path.read_text("utf-8")).items():
                # The same word may stand with a number in one place and without in another.
                found[text] = max(forms, found.get(text, 1))
    return found


def catalogue(language: str) -> dict[str, list[str]]:
    """Return the words in *language*, as the browser gets them."""
    read: dict[str, list[str]] = json.loads((LOCALE / language / "LC_MESSAGES" / "hornbook.json").read_text("utf-8"))
    return read


def test_words_are_found_in_a_source() -> None:
    """A text, a plural and a context are found, also over two lines and with marks in them; a text that is no literal is refused."""
    source = """trans.__('It\\'s %1', 1); trans._n(
      "one", 'many', n); trans._p('menu', 'Open')"""

    assert words(source) == {"It's %1": 1, "one": 2, "menu\x04Open": 1}
    with pytest.raises(ValueError, match="made up"):
        words("trans.__(name)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated(language: str) -> None:
    """No word of the JupyterLab side is missing in a language, and none is kept that is said no more."""
    texts = {text for text in catalogue(language) if text}

    missing, left = sorted(used().keys() - texts), sorted(texts - used().keys())
    assert not missing, f"{language}: not translated yet: {json.dumps(missing, ensure_ascii=False, indent=2)}"
    assert not left, f"{language}: said no more: {json.dumps(left, ensure_ascii=False, indent=2)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_translation_has_its_forms_and_blanks(language: str) -> None:
    """A translation has as many forms as it needs, none of them empty, and each fills the blanks of the original."""
    for text, forms in used().items():
        translated = catalogue(language).get(text, [])

        assert len(translated) == forms, text
        for form in translated:
            assert form.strip(), text
            assert set(re.findall(r"%\d", form)) == set(re.findall(r"%\d", text)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_server_gives_the_words_out(language: str) -> None:
    """Jupyter's server has our words in its language pack, and still those of everybody else."""
    pack, trouble = get_language_pack(language)

    assert not trouble.strip()
    assert pack["hornbook"] == catalogue(language)
    assert pack["hornbook"][""]["language"] == language.replace("_", "-")
    assert len(pack["jupyterlab"]) > 100


def test_german_is_there() -> None:
    """There is German, so that the tests above have something to say."""
    assert "de_DE" in LANGUAGES
