"""What is typed to get in."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length, Optional

from app.accounts.passwords import LONGEST, MOST_BYTES
from app.web.forms import Form
from app.words import N_


class LoginForm(Form):
    answers = "auth.login"

    login = StringField(N_("账号"), [DataRequired(N_("请填写账号。")), Length(max=200)])
    password = PasswordField(N_("密码"), [DataRequired(N_("请填写密码。")), Length(max=MOST_BYTES)])
    next = HiddenField()


class CodeForm(Form):
    answers = "auth.code"

    code = StringField(N_("验证码"), [DataRequired(N_("请填写验证码。")), Length(max=40)])
    next = HiddenField()


class StepUpForm(Form):
    """The password, or (with a second factor) a code."""

    answers = "auth.step_up"

    password = PasswordField(N_("密码"), [Optional(), Length(max=MOST_BYTES)])
    code = StringField(N_("动态验证码"), [Optional(), Length(max=40)])
    next = HiddenField()


class ForgotForm(Form):
    answers = "auth.forgot"

    who = StringField(N_("账号或邮箱"), [DataRequired(N_("请填写账号或邮箱。")), Length(max=254)])


class NewPasswordForm(Form):
    answers = "auth.reset"

    password = PasswordField(N_("新密码"), [DataRequired(N_("请填写新密码。")), Length(max=LONGEST)])
    again = PasswordField(
        N_("再输入一次"), [DataRequired(N_("请再输入一次新密码。")), EqualTo("password", N_("两次输入的密码不一样。"))]
    )
