"""The base of every form: Chinese message ids for labels and errors, tidy text, and typed text that comes back.

WTForms ships messages for `zh` and `zh_TW` only and would answer in English or in the wrong script; here each of its
messages has a message id of ours, which is translated like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from flask import g
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    FileField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectFieldBase,
    SelectMultipleField,
    StringField,
    SubmitField,
)

from app.errors import Invalid
from app.web.languages import translate
from app.words import N_, Sentence

# English message of WTForms → ours. Plurals are listed by their plural form: Chinese has none.
MESSAGES = {
    "This field is required.": N_("请填写这一项。"),
    "Not a valid choice.": N_("请从列出的选项里选一个。"),
    "Choices cannot be None.": N_("没有可选的选项。"),
    "Invalid Choice: could not coerce.": N_("请从列出的选项里选一个。"),
    "Invalid choice(s): one or more data inputs could not be coerced.": N_("请从列出的选项里选择。"),
    "'%(value)s' is not a valid choice for this field.": N_("“%(value)s”不在可选的选项里。"),
    "'%(value)s' are not valid choices for this field.": N_("“%(value)s”不在可选的选项里。"),
    "Not a valid date value.": N_("请填写有效的日期，例如 2024-03-05。"),
    "Not a valid datetime value.": N_("请填写有效的日期和时间，例如 2024-03-05 09:30。"),
    "Not a valid time value.": N_("请填写有效的时间，例如 09:30。"),
    "Not a valid week value.": N_("请填写有效的周。"),
    "Not a valid integer value.": N_("请填写整数。"),
    "Not a valid decimal value.": N_("请填写数字。"),
    "Not a valid float value.": N_("请填写数字。"),
    "Number must be at least %(min)s.": N_("不能小于 %(min)s。"),
    "Number must be at most %(max)s.": N_("不能大于 %(max)s。"),
    "Number must be between %(min)s and %(max)s.": N_("请填写 %(min)s 到 %(max)s 之间的数。"),
    "Date must be at least %(min)s.": N_("不能早于 %(min)s。"),
    "Date must be at most %(max)s.": N_("不能晚于 %(max)s。"),
    "Date must be between %(min)s and %(max)s.": N_("请填写 %(min)s 到 %(max)s 之间的日期。"),
    "Field must be at least %(min)d character long.": N_("至少 %(min)d 个字。"),
    "Field must be at least %(min)d characters long.": N_("至少 %(min)d 个字。"),
    "Field cannot be longer than %(max)d character.": N_("最多 %(max)d 个字。"),
    "Field cannot be longer than %(max)d characters.": N_("最多 %(max)d 个字。"),
    "Field must be exactly %(max)d character long.": N_("必须正好 %(max)d 个字。"),
    "Field must be exactly %(max)d characters long.": N_("必须正好 %(max)d 个字。"),
    "Field must be between %(min)d and %(max)d characters long.": N_("请填写 %(min)d 到 %(max)d 个字。"),
    "Field must be equal to %(other_name)s.": N_("两次填写的内容不一样。"),
    "Invalid input.": N_("填写的内容不符合要求。"),
    "Invalid email address.": N_("请填写有效的邮箱地址。"),
    "Invalid IP address.": N_("请填写有效的 IP 地址。"),
    "Invalid Mac address.": N_("请填写有效的 MAC 地址。"),
    "Invalid URL.": N_("请填写有效的网址。"),
    "Invalid UUID.": N_("编号的格式不对。"),
    "Invalid value, must be one of: %(values)s.": N_("只能是：%(values)s。"),
    "Invalid value, can't be any of: %(values)s.": N_("不能是：%(values)s。"),
    "Invalid field name '%s'.": N_("没有“%s”这一项。"),
    "This field cannot be edited.": N_("这一项不能修改。"),
    "This field is disabled and cannot have a value.": N_("这一项现在不能填写。"),
    "CSRF failed.": N_("页面已过期，请刷新后重新提交。"),
    "CSRF token expired.": N_("页面已过期，请刷新后重新提交。"),
    "CSRF token missing.": N_("页面已过期，请刷新后重新提交。"),
    "Invalid CSRF Token.": N_("页面已过期，请刷新后重新提交。"),
    "File does not have an approved extension.": N_("不接受这种文件。"),
    "File does not have an approved extension: {extensions}": N_("不接受这种文件。"),
}

# Browsers send nothing for an unticked box, and drafts keep neither files nor passwords.
NOT_ALWAYS_SENT = (BooleanField, RadioField, SelectMultipleField, FileField, PasswordField, SubmitField)


class _Translations:
    """What WTForms asks for its own messages."""

    def gettext(self, string: str) -> str:
        return translate(MESSAGES.get(string, string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.gettext(plural)


_translations = _Translations()


def tidy(text: str | None) -> str | None:
    """Typed text without surrounding white space and with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip() if text is not None else None


class Form(FlaskForm):
    """See the module. `answers`: the endpoint this form posts to, where one page holds several forms."""

    answers: ClassVar[str | None] = None

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            return _translations

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            if issubclass(unbound_field.field_class, StringField) and not issubclass(
                unbound_field.field_class, PasswordField
            ):
                filters: list[Callable[[Any], Any]] = [tidy, *unbound_field.kwargs.get("filters", ())]
                unbound_field = type(unbound_field)(
                    unbound_field.field_class,
                    *unbound_field.args,
                    name=unbound_field.name,
                    **{**unbound_field.kwargs, "filters": filters},
                )
            return unbound_field.bind(form=form, **options)

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            data = super().wrap_formdata(form, formdata)
            if data is None and formdata is _Auto and (kept := g.get("restored_form")) and kept.fits(form):
                return kept.data
            return data

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            _put_into_words(field)

    def validate(self, extra_validators: Any = None) -> bool:
        """As WTForms does; messages given as message ids come out in the reader's language."""
        sound: bool = super().validate(extra_validators)
        for field in self:
            if isinstance(field.errors, list | tuple):
                field.errors = [
                    translate(error) if isinstance(error, str | Sentence) else error for error in field.errors
                ]
        return sound

    def take(self, wrong: Invalid) -> None:
        """Show what a service refused beside the fields it is about; what has no field goes to the head of the form."""
        for name, sentences in wrong.fields.items():
            if name in self:
                self.blame(name, *sentences)
            else:
                self.form_errors.extend(translate(sentence) for sentence in sentences)
        if not wrong.fields:
            self.form_errors.append(translate(wrong.sentence))

    def blame(self, name: str, *sentences: Sentence | str) -> None:
        """Add errors to one field."""
        field = self[name]
        field.errors = [*field.errors, *(translate(sentence) for sentence in sentences)]


def _put_into_words(field: Field) -> None:
    if isinstance(field.label.text, str):
        field.label.text = translate(field.label.text)
    if isinstance(field.description, str):
        field.description = translate(field.description)
    if isinstance(field, SelectFieldBase) and isinstance(getattr(field, "choices", None), list | tuple):
        field.choices = [_choice(choice) for choice in field.choices]


def _choice(choice: Any) -> Any:
    if isinstance(choice, SelectChoice) and isinstance(choice.label, str):
        group = translate(choice.optgroup) if choice.optgroup else None
        return replace(choice, label=translate(choice.label), optgroup=group)
    if isinstance(choice, tuple) and len(choice) > 1 and isinstance(choice[1], str):
        return (choice[0], translate(choice[1]), *choice[2:])
    return choice


def options(*pairs: tuple[Any, str]) -> list[SelectChoice]:
    """Choices of a select or radio field from (value, label) pairs."""
    return [SelectChoice(str(value), text) for value, text in pairs]


class Kept:
    """Typed text of an earlier try that belongs into a form of this page."""

    def __init__(self, endpoint: str, data: MultiDict[str, str]) -> None:
        self.endpoint = endpoint
        self.data = data

    def fits(self, form: Any) -> bool:
        """Is this the form that was sent? By its endpoint where it names one, else by having just these fields: an
        internal note must never come back in the box for the customer."""
        if form.answers is not None:
            return bool(form.answers == self.endpoint)
        fields = {name: field for name, field in form._fields.items() if name != "csrf_token"}
        always_sent = {name for name, field in fields.items() if not isinstance(field, NOT_ALWAYS_SENT)}
        return bool(self.data) and always_sent <= set(self.data) <= set(fields)
