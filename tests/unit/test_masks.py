"""A mask shows enough to tell two customers apart, never a whole value, and never fails."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.customers import masks
from app.customers.normalise import clean

ALL = (masks.name, masks.company, masks.phone, masks.email, masks.address, masks.wechat, masks.order)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三", "张*"),
        ("张小明", "张*"),
        ("欧阳娜娜", "欧阳*"),
        ("歐陽修", "歐陽*"),
        ("欧阳", "欧*"),
        ("张", "*"),
        ("😀😀", "*"),
        ("John Smith", "J*"),
        (" 张\u200b 三 ", "张*"),
        ("\u200b", ""),
        ("", ""),
    ],
)
def test_a_name_shows_its_surname(text: str, shown: str) -> None:
    assert masks.name(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("华为技术有限公司", "华为**"), ("华为", "华**"), ("华", "**"), ("IBM", "I**"), ("😀😀公司", "**"), ("", "")],
)
def test_a_company_shows_two_characters(text: str, shown: str) -> None:
    assert masks.company(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("010-62345678转801", "010-****5678"),
        ("0755-2345678", "0755-****5678"),
        ("62345678", "****5678"),
        ("400-800-1234", "****1234"),
        ("+852 6123 4567", "+****4567"),
        ("138", "****"),
        ("没有电话", "****"),
        ("", ""),
    ],
)
def test_a_phone_shows_its_last_four_digits(text: str, shown: str) -> None:
    assert masks.phone(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("abc@x.cn", "a***@x.cn"), ("a@x.cn", "***@x.cn"), ("张三@x.cn", "张***@x.cn"), ("zhang", "***"), ("", "")],
)
def test_a_mail_shows_its_first_letter_and_its_host(text: str, shown: str) -> None:
    assert masks.email(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("广东省深圳市南山区科技园南路18号", "广东省深圳市"),
        ("广东 深圳 南山区", "广东深圳"),
        ("廣東省深圳市南山區", "廣東省深圳市"),
        ("中国上海市徐汇区漕溪北路18号", "中国上海市"),
        ("深圳市南山区", "深圳市"),
        ("新疆维吾尔自治区伊犁哈萨克自治州伊宁市", "新疆维吾尔自治区伊犁哈萨克自治州"),
        ("广西南宁青秀区", "广西南宁"),
        ("中山路18号", "***"),
        ("北京西路18号", "***"),
        ("广东中山路18号", "广东"),
        ("阳光花园3栋502", "***"),
        ("Baker Street 221b", "***"),
        ("", ""),
    ],
)
def test_an_address_shows_province_and_city(text: str, shown: str) -> None:
    assert masks.address(text) == shown


@pytest.mark.parametrize(("text", "shown"), [("zhang_san", "z***"), ("z", "***"), ("_x", "***"), ("", "")])
def test_an_account_shows_its_first_letter(text: str, shown: str) -> None:
    assert masks.wechat(text) == shown


@pytest.mark.parametrize(("text", "shown"), [("TB20240301001", "****1001"), ("1234567", "****"), ("", "")])
def test_an_order_shows_its_last_four_characters(text: str, shown: str) -> None:
    assert masks.order(text) == shown


@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_no_mask_fails_or_shows_a_whole_value(text: str) -> None:
    assume("*" not in text)
    for mask in ALL:
        shown = mask(text)
        assert bool(shown) == bool(clean(text))
        assert not shown or "*" in shown or mask is masks.address


@given(st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=30), st.text(min_size=1, max_size=30))
def test_what_follows_the_shown_part_does_not_matter(head: str, tail: str) -> None:
    """Two values that begin alike look alike: a mask tells nothing about the hidden part, not even its length."""
    assume(len(clean(head)) >= 2 and clean(head + tail).startswith(clean(head)))
    assert masks.wechat(head) == masks.wechat(head + tail)
