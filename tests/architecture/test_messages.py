"""Every text exists in three languages, and no catalog holds what the program no longer says."""

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u3400-\u9fff]")
PLACE = re.compile(r"%\((\w+)\)[sd]|%%")
JINJA_MARKED = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
OWN_NAMES = {"简体中文", "繁體中文"}  # a language is written in itself, whatever the page's language


def _tool() -> ModuleType:
    loader = SourceFileLoader("messages_tool", str(ROOT / "bin" / "messages"))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


TOOL = _tool()


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Every message id in the program and its templates."""
    return {_name(message) for message in TOOL.template() if message.id}


def _name(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple) else message.id)


def _texts(message: Message) -> list[str]:
    found = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return [str(text) for text in found]


@pytest.mark.parametrize("language", TOOL.LANGUAGES)
def test_nothing_is_untranslated_and_nothing_is_unused(language: str, said: set[str]) -> None:
    catalog = {_name(message): message for message in TOOL.load(language) if message.id}
    assert said - set(catalog) == set(), "run bin/messages update"
    assert set(catalog) - said == set(), "run bin/messages update"
    assert [name for name, message in catalog.items() if TOOL.empty(message) or message.fuzzy] == []


@pytest.mark.parametrize("language", TOOL.LANGUAGES)
def test_a_translation_fills_the_same_places(language: str) -> None:
    wrong = [
        _name(message)
        for message in TOOL.load(language)
        if message.id
        for text in _texts(message)
        if set(PLACE.findall(text)) != set(PLACE.findall(_name(message)))
    ]
    assert wrong == []


def test_no_chinese_stands_in_english() -> None:
    allowed = re.compile("|".join([*OWN_NAMES, "闭环", "简", "繁"]))
    wrong = [
        text
        for message in TOOL.load("en")
        if message.id and _name(message) not in OWN_NAMES
        for text in _texts(message)
        if HAN.search(allowed.sub("", text))
    ]
    assert wrong == []


def test_no_simplified_characters_stand_in_traditional() -> None:
    from opencc import OpenCC

    convert = OpenCC("s2t").convert
    wrong = [
        text
        for message in TOOL.load("zh_Hant")
        if message.id and _name(message) not in OWN_NAMES
        for text in _texts(message)
        if _is_simplified(convert, text)
    ]
    assert wrong == []


def _is_simplified(convert: object, text: str) -> bool:
    assert callable(convert)
    loose = {"台", "里", "著", "只", "裡", "佔", "准", "註", "線", "群", "了", "面", "系", "後", "為", "麼"}
    return any(a != b and a not in loose and b not in loose for a, b in zip(text, convert(text), strict=False))


def test_templates_hold_no_unmarked_chinese() -> None:
    wrong = {}
    for path in (ROOT / "app" / "templates").rglob("*.html"):
        rest = JINJA_MARKED.sub("", path.read_text(encoding="utf-8"))
        lines = [line.strip() for line in rest.splitlines() if HAN.search(re.sub("|".join(OWN_NAMES), "", line))]
        if lines:
            wrong[path.name] = lines[:3]
    assert wrong == {}
