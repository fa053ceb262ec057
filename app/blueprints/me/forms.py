"""What people change about their own account."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from wtforms import BooleanField, DateField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length

from app.accounts.passwords import LONGEST, MOST_BYTES
from app.web import formats
from app.web.forms import Form, options
from app.words import N_


class ProfileForm(Form):
    answers = "me.save_profile"

    email = StringField(N_("邮箱"), [Length(max=254)], description=N_("用来收通知和找回密码。"))
    mail_wanted = BooleanField(N_("重要提醒同时发邮件给我"))


class PasswordForm(Form):
    answers = "me.password"

    current = PasswordField(N_("现在的密码"), [DataRequired(N_("请填写现在的密码。")), Length(max=MOST_BYTES)])
    password = PasswordField(N_("新密码"), [DataRequired(N_("请填写新密码。")), Length(max=LONGEST)])
    again = PasswordField(
        N_("再输入一次"), [DataRequired(N_("请再输入一次新密码。")), EqualTo("password", N_("两次输入的密码不一样。"))]
    )


class FirstCodeForm(Form):
    answers = "me.confirm_second_factor"

    code = StringField(N_("应用里显示的 6 位验证码"), [DataRequired(N_("请填写验证码。")), Length(max=20)])


class DeputyForm(Form):
    """Whole days of the company's calendar, both ends included."""

    answers = "me.appoint_deputy"

    deputy = SelectField(N_("代理人"), [InputRequired()], coerce=str)
    starts_on = DateField(N_("从"), [InputRequired()])
    ends_on = DateField(N_("到（含当天）"), [InputRequired()])

    def period(self) -> tuple[datetime, datetime]:
        zone = formats.zone()
        start = datetime.combine(self.starts_on.data, time.min, zone)
        end = datetime.combine(self.ends_on.data + timedelta(days=1), time.min, zone)
        return start, end


class TokenForm(Form):
    answers = "me.create_token"

    name = StringField(
        N_("用途"), [DataRequired(N_("请写明这个令牌给谁用。")), Length(max=80)], description=N_("例如：网店订单同步")
    )
    lasts = SelectField(
        N_("有效期"),
        choices=options((90, N_("90 天")), (30, N_("30 天")), (365, N_("一年")), (0, N_("不过期"))),
        default="90",
    )
