"""Many spellings, one number; odd input is told in a sentence and never fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customers.normalise import (
    Phone,
    clean,
    email_problem,
    last4,
    last4_problem,
    name_key,
    name_problem,
    parse_email,
    parse_phone,
    phone_problem,
    wechat_problem,
)


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        " 138 1234 5678 ",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "138－1234－5678",
        "+8613812345678",
        "＋86 138 1234 5678",
        "0086-138-1234-5678",
        "8613812345678",
        "(+86)13812345678",
        "013812345678",
        "138\u200b12345678",
    ],
)
def test_a_mobile_has_one_spelling(text: str) -> None:
    assert parse_phone(text) == Phone("13812345678", "", "mobile")
    assert phone_problem(text) is None


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("01062345678", ""),
        ("010-6234 5678", ""),
        ("（010）62345678", ""),
        ("+86 10 6234 5678", ""),
        ("0086-10-62345678", ""),
        ("010-62345678转801", "801"),
        ("010-62345678 轉 801", "801"),
        ("010-62345678-801", "801"),
        ("010 62345678 ext. 801", "801"),
        ("010-62345678 分机：801", "801"),
        ("０１０－６２３４５６７８＃８０１", "801"),
    ],
)
def test_a_landline_has_one_spelling_and_keeps_its_extension_apart(text: str, extension: str) -> None:
    assert parse_phone(text) == Phone("01062345678", extension, "landline")


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("0755-2345678", "07552345678", "landline"),
        ("0755 82345678", "075582345678", "landline"),
        ("62345678", "62345678", "landline"),
        ("400-800-1234", "4008001234", "hotline"),
        ("+852 6123 4567", "+85261234567", "foreign"),
        ("00852 6123 4567", "+85261234567", "foreign"),
        ("+1 (650) 555-1234", "+16505551234", "foreign"),
    ],
)
def test_other_numbers_have_one_spelling_too(text: str, number: str, kind: str) -> None:
    assert parse_phone(text) == Phone(number, "", kind)  # type: ignore[arg-type]


def test_a_relay_number_keeps_its_extension() -> None:
    assert parse_phone("18412345678-1234") == Phone("18412345678", "1234", "mobile")


@pytest.mark.parametrize(
    "text",
    ["123", "1381234567", "138123456789", "12812345678", "abc", "13812345678/13912345678", "++86", "电话", "1" * 500],
)
def test_what_is_no_phone_gets_a_sentence(text: str) -> None:
    assert parse_phone(text) is None
    assert "11 位手机号" in str(phone_problem(text))


def test_nothing_typed_is_no_problem_here() -> None:
    assert [check("  ") for check in (phone_problem, email_problem, wechat_problem)] == [None] * 3


def test_last_four_digits() -> None:
    assert last4("13812345678") == "5678"
    assert last4("+85261234567") == "4567"
    assert last4("123") is None
    assert last4_problem("５６７８") is None
    assert str(last4_problem("56a8")) == "请填电话号码的最后四位数字。"


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        ("Zhang.San@X.CN", "zhang.san@x.cn"),
        (" ｚｓ＠ｘ．ｃｎ ", "zs@x.cn"),
        ("a+b@mail.x.com.cn", "a+b@mail.x.com.cn"),
        ("zs@x。cn", "zs@x.cn"),
        ("zs@例子.cn", "zs@xn--fsqu00a.cn"),
    ],
)
def test_a_mail_has_one_spelling(text: str, mail: str) -> None:
    assert parse_email(text) == mail
    assert email_problem(text) is None


@pytest.mark.parametrize(
    "text",
    ["zs", "@x.cn", "zs@", "zs@x", "a b@x.cn", "a@@x.cn", "zs@-x.cn", "zs@x..cn", "a" * 65 + "@x.cn", "a@\udcff"],
)
def test_what_is_no_mail_gets_a_sentence(text: str) -> None:
    assert parse_email(text) is None
    assert "name@example.com" in str(email_problem(text))


def test_a_name_has_one_key_in_both_scripts() -> None:
    assert name_key("張 偉") == name_key("张伟") == name_key("张\u200b伟") == "张伟"
    assert name_key("Ｊohn  SMITH") == "johnsmith"
    assert name_key("阿依古丽·买买提") == name_key("阿依古丽•买买提")


def test_clean_leaves_what_a_person_means() -> None:
    assert clean(" 张\x00\u202e三\n\t 丰 \ud800") == "张三 丰"


def test_odd_names_and_accounts_get_a_sentence() -> None:
    assert name_problem("张") is None
    assert name_problem("") is None
    assert "60" in str(name_problem("张" * 61))
    assert "没有可以显示的字符" in str(name_problem("\u200b"))
    assert wechat_problem("zhang_san-1") is None
    assert "5 到 20 位" in str(wechat_problem("张三"))


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_makes_them_fail(text: str) -> None:
    for check in (phone_problem, email_problem, wechat_problem, name_problem, last4_problem, name_key, clean):
        check(text)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086 ", "86", "0"]), st.data())
def test_every_mobile_comes_out_as_its_digits(mobile: str, prefix: str, data: st.DataObject) -> None:
    gap = data.draw(st.sampled_from(["", " ", "-", "－", "."]))
    found = parse_phone(prefix + gap + mobile[:3] + gap + mobile[3:7] + gap + mobile[7:])
    assert found == Phone(mobile, "", "mobile")
    assert parse_phone(found.number) == found
