"""Every text exists in three languages, and no catalog holds what the program no longer says."""

import ast
import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from jinja2 import Environment
from jinja2.nodes import Call, Const, Name, TemplateData

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u3400-\u9fff]")
PLACE = re.compile(r"%\((\w+)\)[sd]|%%")
JINJA = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
# A language is written in itself, whatever the page's language.
OWN_NAMES = {"简体中文", "繁體中文", "简体", "繁體"}
# Surnames of sample people in the style guide: no language translates them.
SAMPLE_NAME = re.compile(r"(?<![\u3400-\u9fff])[\u3400-\u9fff](?![\u3400-\u9fff])")
# Chinese that nobody is told: what the demo's people write, and what the recogniser of personal data knows.
NOT_SAID = (
    "demo/",
    "customers/detectors.py",
    "customers/han.py",
    "customers/normalise.py",
    "customers/numbers.py",
    "customers/places.py",
    "customers/redaction.py",
    "customers/surnames.py",
    "customers/tokens.py",
)
# Values that are compared or stored.
VALUES = {
    "accounts/passwords.py": {"闭环"},
    "blueprints/admin/forms.py": {"售后"},
    "config.py": {"替换", "示例"},
    "customers/given.py": {" 转 "},
    "tickets/administration/categories.py": {"售后"},
    "tickets/rules.py": {"售后"},
    "web/guide.py": {"充电慢"},
}


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
    return str(TOOL.name_of(message))


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
        or PLACE.sub("", text).count("%") != PLACE.sub("", _name(message)).count("%")
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
    loose = {"核", "秘", "台", "里", "著", "只", "裡", "佔", "准", "註", "線", "群", "了", "面", "系", "後", "為", "麼"}
    return any(a != b and a not in loose and b not in loose for a, b in zip(text, convert(text), strict=False))


def test_templates_hold_no_unmarked_chinese() -> None:
    marked = {"_", "ngettext", "pgettext"}
    wrong = []
    for path in sorted((ROOT / "app" / "templates").rglob("*.*")):
        page = JINJA.parse(path.read_text(encoding="utf-8"))
        calls = [call for call in page.find_all(Call) if isinstance(call.node, Name) and call.node.name in marked]
        within = {id(given) for call in calls for given in call.args}
        for node in page.find_all((Const, TemplateData)):
            text = str(getattr(node, "value", "") or getattr(node, "data", ""))
            text = SAMPLE_NAME.sub("", text) if path.name.startswith("_guide") else text
            if HAN.search(text) and id(node) not in within and text not in OWN_NAMES:
                wrong.append(f"{path.name}:{node.lineno} {text.strip()[:40]}")
    assert wrong == []


def test_the_program_holds_no_unmarked_chinese() -> None:
    wrong = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        name = path.relative_to(ROOT / "app").as_posix()
        if name.startswith(NOT_SAID):
            continue
        tree = ast.parse(path.read_bytes())
        within = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOOL.MARKERS:
                within |= {id(given) for given in node.args[:1]}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NC_":
                within |= {id(given) for given in node.args[1:]}
        wrong += [
            f"{name}:{node.lineno} {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and HAN.search(node.value)
            if id(node) not in within and node.value not in VALUES.get(name, ())
        ]
    assert wrong == []
