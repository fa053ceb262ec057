"""The record of one attempt to reach the customer."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.tickets.given import AttemptGiven
from app.web.forms import Form, options
from app.words import N_

TEN = options(("", N_("未问")), *((str(n), str(n)) for n in range(11)))


OUT_OF_RANGE = -1  # of every scale: junk is refused, not dropped


class AttemptForm(Form):
    answers = "follow_ups.record_attempt"

    method = RadioField(
        N_("回访方式"),
        [InputRequired()],
        choices=options(("phone", N_("电话")), ("online", N_("在线"))),
        default="phone",
    )
    reached = RadioField(
        N_("是否联系上"), [InputRequired()], choices=options(("yes", N_("联系上了")), ("no", N_("没有联系上")))
    )
    solved = RadioField(
        N_("问题是否解决"),
        [Optional()],
        choices=options(("yes", N_("已解决")), ("no", N_("没有解决"))),
        validate_choice=False,
    )
    solved_note = TextAreaField(N_("解决情况说明"), [Optional(), Length(max=10_000)])
    score = RadioField(
        N_("满意度"),
        [Optional()],
        choices=options(*((str(n), str(n)) for n in range(1, 6))),
        validate_choice=False,
        description=N_("5 分最满意；2 分及以下会自动重开。"),
    )
    nps = RadioField(N_("推荐意愿（0–10）"), [Optional()], choices=TEN, validate_choice=False)
    comment = TextAreaField(N_("对速度和态度的评价"), [Optional(), Length(max=10_000)])
    suggestions = TextAreaField(N_("客户建议"), [Optional(), Length(max=10_000)])

    def given(self) -> AttemptGiven:
        def number(field: Any) -> int | None:
            text = field.data or ""
            return (int(text) if text.isdecimal() and len(text) < 3 else OUT_OF_RANGE) if text else None

        return AttemptGiven(
            method=self.method.data,
            reached=self.reached.data == "yes",
            solved={"yes": True, "no": False}.get(self.solved.data or ""),
            solved_note=self.solved_note.data or "",
            score=number(self.score),
            nps=number(self.nps),
            comment=self.comment.data or "",
            suggestions=self.suggestions.data or "",
        )
