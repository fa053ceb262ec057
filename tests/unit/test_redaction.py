"""The redacted copy holds nothing personal that can be recognised, and keeps what the work needs."""

import re
from itertools import product
from typing import Any

import opencc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.customers.han import SIMPLIFIED, TRADITIONAL, fold
from app.customers.redaction import find, redact
from app.customers.tokens import TOKENS

ZHANG: dict[str, Any] = {
    "names": ("张小明", "张先生"),
    "companies": ("深圳市恒远电子科技有限公司",),
    "addresses": ("广东省深圳市南山区科技园南路18号阳光花园3栋502",),
    "phones": ("13812345678", "010-62345678", "+852 6123 4567"),
    "emails": ("zhang@x.cn",),
    "accounts": ("zhang_xm",),
    "keep": ("恒远 Mate 60", "张小明纪念版", "XR-500"),
}
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(birth: str = "19491231", order: int = 2, region: str = "110105") -> str:
    first = f"{region}{birth}{order:03}"
    return first + "10X98765432"[sum(w * int(d) for w, d in zip(ID_WEIGHTS, first, strict=True)) % 11]


def bank_card(head: str) -> str:
    for check in "0123456789":
        digits = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(head + check))]
        if sum(d - 9 if d > 9 else d for d in digits) % 10 == 0:
            return head + check
    raise AssertionError


# --- one form after the other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "138.1234.5678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "１３８１２３４５６７８",
        "+8613812345678",
        "+86 138-1234-5678",
        "＋８６ １３８ １２３４ ５６７８",
        "8613812345678",
        "008613812345678",
        "(86)13812345678",
        "013812345678",
        "138\u200b1234\u20605678",
        "1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
        "١٣٨١٢٣٤٥٦٧٨",
        "一三八一二三四五六七八",
        "幺三八 一二三四 五六七八",
        "壹叁捌壹贰叁肆伍陆柒捌",
        "138一二三四5678",
        "138\n1234 5678",
    ],
)
def test_a_mobile_is_found_in_every_spelling(spelling: str) -> None:
    assert re.fullmatch(r"客户电话\(?\[电话\]，请联系。", redact(f"客户电话{spelling}，请联系。"))


@pytest.mark.parametrize(
    "spelling",
    [
        "01062345678",
        "010-62345678",
        "(010)62345678",
        "（０１０）６２３４－５６７８",
        "0755-2345678",
        "0755 8234 5678",
        "+86 10 6234 5678",
        "0086-10-62345678",
        "+852 6123 4567",
        "+1 650 555 1234",
        "+44 20 7946 0958",
        "0912-345-678",
    ],
)
def test_landlines_and_numbers_abroad_are_found(spelling: str) -> None:
    assert redact(f"致电{spelling}。") == "致电[电话]。"


def test_a_local_number_is_found_behind_a_word_that_announces_it() -> None:
    assert redact("座机：6234-5678，订单 62345678") == "座机：[电话]，订单 62345678"
    assert redact("电话里说 20240301 买的") == "电话里说 20240301 买的"


def test_known_numbers_are_found_without_area_code_and_country() -> None:
    assert redact("打 62345678 或 6123 4567", phones=("010-62345678",)) == "打 [电话] 或 6123 4567"
    assert redact("打 852 6123-4567", phones=("+852 6123 4567",)) == "打 [电话]"


def test_two_numbers_side_by_side_are_two() -> None:
    assert redact("13812345678/13912345678 13712345678") == "[电话]/[电话] [电话]"
    assert redact("+852 6123 4567 0086-10-62345678 (010)6234 5678") == "[电话] [电话] [电话]"
    assert redact("订单 20240301 13812345678 3 台") == "订单 20240301 [电话] 3 台"


@pytest.mark.parametrize(
    "text",
    [
        "ZHANG.San@X.CN",
        "ｚｈａｎｇ＠ｘ．ｃｎ",
        "a+b@mail.example.com.cn",
        "zhang @ x.cn",
        "zhang@x。cn",
        "zhang@例子.中国",
        "é.à@x.cn",
        "1234567890@qq.com",
    ],
)
def test_a_mail_is_found_in_every_spelling(text: str) -> None:
    assert redact(f"邮箱：{text}，谢谢") == "邮箱：[邮箱]，谢谢"


def test_an_at_sign_alone_is_no_mail() -> None:
    assert redact("@陈工程部 3@5 a@b @@@") == "@陈工程部 3@5 a@b @@@"


@pytest.mark.parametrize(
    "number", [identity(), identity().lower(), identity("19900307", 451), identity("20051130", 17, "440306")]
)
def test_an_identity_number_is_found_in_groups_too(number: str) -> None:
    for spelling in (number, f"{number[:6]} {number[6:14]} {number[14:]}", f"{number[:17]} {number[17]}"):
        assert redact(f"身份证{spelling}。") == "身份证[证件号]。"


def test_an_old_identity_number_is_found_and_a_wrong_checksum_is_none() -> None:
    assert redact("证件 110105491231002。") == "证件 [证件号]。"
    wrong = identity()[:-1] + "0"
    assert redact(f"批号{wrong}。") == f"批号{wrong}。"


@pytest.mark.parametrize("head", ["622202021234567890", "621700123456789", "411111111111111", "37828224631000"])
def test_a_bank_card_is_found_in_groups_too(head: str) -> None:
    card = bank_card(head)
    grouped = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
    assert redact(f"卡号{card}。卡号{grouped}。") == "卡号[银行卡]。卡号[银行卡]。"


@pytest.mark.parametrize(
    "plate", ["粤B12345", "粤B·12345", "京A 8F888", "粵b12345", "粤BD12345", "沪A1234学", "京AF12345"]
)
def test_a_plate_is_found(plate: str) -> None:
    assert redact(f"车牌{plate}的车") == "车牌[车牌]的车"


def test_accounts_are_found_behind_their_words() -> None:
    assert redact("微信号：zhang_san99，QQ 12345678，wx: abc-123") == "微信号：[账号]，QQ [账号]，wx: [账号]"
    assert redact("加 zhang_xm 好友", accounts=("zhang_xm",)) == "加 [账号] 好友"
    assert redact("微信小程序 iPhone15 版闪退") == "微信小程序 iPhone15 版闪退"


@pytest.mark.parametrize(
    "text",
    [
        "张小明",
        "張小明",
        "张 小 明",
        "张·小明",
        "张\u200b小明",
        "张先生",
        "張女士",
        "小张",
        "老张",
        "张总",
        "张工",
        "张哥",
    ],
)
def test_the_customers_own_name_is_found(text: str) -> None:
    assert redact(f"是{text}说的", **ZHANG) == "是[姓名]说的"


def test_a_name_known_in_traditional_is_found_in_simplified() -> None:
    assert redact("刘伟来电，劉偉着急", names=("劉偉",)) == "[姓名]来电，[姓名]着急"


def test_a_latin_name_is_found_as_a_word() -> None:
    assert redact("JOHN  smith called; Johnson did not", names=("John Smith",)) == "[姓名] called; Johnson did not"
    assert redact("Li came; Lithium stayed", names=("Li",)) == "[姓名] came; Lithium stayed"


def test_a_name_of_one_character_replaces_nothing() -> None:
    assert redact("高频故障，请高度重视", names=("高",)) == "高频故障，请高度重视"


@pytest.mark.parametrize(
    "text",
    [
        "王先生",
        "李总",
        "陈工",
        "张女士",
        "欧阳女士",
        "歐陽先生",
        "王小姐",
        "赵经理",
        "刘师傅",
        "张伟先生",
        "王小明老师",
        "于先生",
    ],
)
def test_a_surname_with_a_title_is_found(text: str) -> None:
    assert redact(f"联系{text}，谢谢") == "联系[姓名]，谢谢"


def test_english_titles_are_found() -> None:
    assert redact("Mr Smith and Mrs. O'Neil, MS Office") == "[姓名] and [姓名], MS Office"


@pytest.mark.parametrize(
    "text",
    [
        "总结方案，资金总额，王总结了三点",
        "施工方案，手工记录，陈工作认真",
        "关于先生命名的问题",
        "产品经理、客户经理、总经理都在",
        "老师说设备要校准",
    ],
)
def test_words_that_look_like_a_title_stay(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    ["深圳市恒远电子科技有限公司", "恒远电子科技", "恒远电子", "恒远", "恒遠"],
)
def test_the_company_is_found_in_its_short_forms(text: str) -> None:
    assert redact(f"我们{text}的订单", **ZHANG) == "我们[公司]的订单"


@pytest.mark.parametrize(
    "text",
    [
        "广东省深圳市南山区科技园南路18号阳光花园3栋502",
        "廣東省深圳市南山區科技園南路18號陽光花園3棟502",
        "广东省 深圳市 南山区 科技园南路 18 号 阳光花园 3 栋 502",
        "深圳市南山区科技园南路18号阳光花园3栋502",
        "科技园南路18号",
        "阳光花园3栋502",
        "科技园南路",
    ],
)
def test_the_address_is_found_whole_and_in_parts(text: str) -> None:
    assert redact(f"住在{text}，周末在家", **ZHANG) == "住在[地址]，周末在家"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("寄到上海市徐汇区漕溪北路18号502室，谢谢", "寄到[地址]，谢谢"),
        ("我住中关村大街27号院3号楼2单元101", "我住[地址]"),
        ("住在阳光小区3栋2单元501室", "住在[地址]"),
    ],
)
def test_an_unknown_address_is_found_by_its_form(text: str, left: str) -> None:
    assert redact(text) == left


# --- what stays -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "CS20240301001 F20240301001 YQ20240305001-2 HV20240301001 C202405001",
        "3 月 5 号 12:30 修了 2 次，共 1280.50 元，固件 V2.3.15，错误码 E0421",
        "2024-03-01 10:30 下单，2024 年 3 月 1 日到货，数量 1,000,000",
        "型号 XR-500，序列号 SN20240315001A，400-800-1234",
        "1400+20 · 48 · 20 · 30，please miss the call",
        "地铁 2 号线，5 号回路，线路 3 号端子",
        "二〇二四年三月一日，一五一十",
        "订单 12345678901234567890",
        "新iPhone15 和新X5 上市",
        "192.168.1.1 端口 8080，MAC 00:1A:2B:3C:4D:5E",
        "",
        "😀👨‍👩‍👧 \x00 \ud800",
    ],
)
def test_what_the_work_needs_stays(text: str) -> None:
    assert redact(text, **ZHANG) == text
    assert find(text, **ZHANG) == []


def test_kept_words_are_safe_and_protect_nothing_beyond_themselves() -> None:
    assert redact("恒远 Mate 60 和张小明纪念版", **ZHANG) == "恒远 Mate 60 和张小明纪念版"
    assert redact("电话 138 1234 5678", keep=("5678", "1234")) == "电话 [电话]"


def test_find_says_where_and_what() -> None:
    text = "电话13812345678，邮箱a@x.cn"
    assert [(text[f.start : f.end], f.token) for f in find(text)] == [("13812345678", "[电话]"), ("a@x.cn", "[邮箱]")]


# --- properties -------------------------------------------------------------------------------------------------------

SEPARATORS = st.sampled_from(["", " ", "-", "  ", " - ", ".", "\u200b", "\u3000", "－"])
WORDS = st.text(st.sampled_from("屏幕有竖线重启后仍在，。！ abcXYZ\n()（）[]+-@:：#张王总工先生号路"), max_size=30)
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
FULL_WIDTH = str.maketrans("0123456789X@.", "０１２３４５６７８９Ｘ＠．")
CHINESE = str.maketrans("0123456789", "〇一二三四五六七八九")
FRAGMENTS = st.sampled_from(
    [
        *TOKENS,
        "CS20240301001",
        "F20240301001",
        "13812345678",
        "138 1234",
        "+86",
        "010",
        "62345678",
        "电话",
        "微信：",
        "zhang_xm",
        "a@x.cn",
        "@",
        "张小明",
        "张",
        "小明",
        "先生",
        "总",
        "恒远",
        "公司",
        "深圳市",
        "科技园南路18号",
        "3栋",
        "502",
        "粤B",
        "12345",
        identity(),
        "[",
        "]",
        " ",
        "，",
        "x",
        "5",
        "XR-500",
        "Mr ",
        "一三八",
    ]
)


@st.composite
def spelled(draw: st.DrawFn, digits: str) -> str:
    written = "".join(digit + draw(SEPARATORS) for digit in digits[:-1]) + digits[-1]
    return draw(st.sampled_from([written, written.translate(FULL_WIDTH), written.translate(CHINESE), digits]))


def digits_left(text: str) -> str:
    back = str.maketrans("〇一二三四五六七八九", "0123456789")
    return "".join(c for c in fold(text).translate(back) if c.isdigit() or c == "x")


@given(st.data(), MOBILES, WORDS, WORDS)
def test_no_planted_phone_survives(data: st.DataObject, mobile: str, before: str, after: str) -> None:
    prefix = data.draw(st.sampled_from(["", "+86", "+86 ", "86", "0086-", "0"]))
    planted = prefix + data.draw(spelled(mobile))
    assert mobile not in digits_left(redact(before + planted + after))


@given(st.data(), st.dates().filter(lambda day: day.year >= 1900), st.integers(0, 999), WORDS, WORDS)
def test_no_planted_identity_number_survives(
    data: st.DataObject, day: Any, order: int, before: str, after: str
) -> None:
    number = identity(f"{day:%Y%m%d}", order)
    planted = data.draw(spelled(number))
    assert number.lower() not in digits_left(redact(f"{before}，{planted}，{after}"))


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,20}@[a-z0-9-]{1,10}\.[a-z]{2,6}", fullmatch=True),
    st.booleans(),
    WORDS,
    WORDS,
)
def test_no_planted_mail_survives(mail: str, full_width: bool, before: str, after: str) -> None:
    planted = mail.translate(FULL_WIDTH) if full_width else mail
    assert mail.lower() not in fold(redact(f"{before}：{planted}，{after}"))


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
@example("138[电话]12345678")
@example("电话[电话]62345678")
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text, **ZHANG)
    assert redact(once, **ZHANG) == once


@given(st.text())
def test_any_text_is_redacted_without_error(text: str) -> None:
    once = redact(text, names=(text[:3],), companies=(text[3:9],), addresses=(text[:20],), phones=(text[:12],))
    assert redact(once) == redact(redact(once))


@given(WORDS, st.integers(0, 999), WORDS)
def test_the_desks_own_numbers_survive(before: str, sequence: int, after: str) -> None:
    number = f"CS20240301{sequence:03}"
    assert number in redact(f"{before}，{number}，{after}", **ZHANG)


@given(st.text(min_size=1, max_size=300))
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


# --- time -------------------------------------------------------------------------------------------------------------

HOSTILE = [
    *("1", "1 ", "13812345678 ", "0-", "+86", "6222 ", "18位x", "一", "(", " ", "\u200b"),
    *("@", "a@", "a.", "a@b.", "mr.", "m", "CS2024", "微信:", "电话", "[姓名]"),
    *("张", "张 ", "先生", "总", "路", "路1号", "南京路1号", "市", "粤B", "京A1"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("left", "right"), [*zip(HOSTILE, HOSTILE, strict=True), *product(["1", "路", "@"], HOSTILE)])
def test_no_text_of_ten_thousand_characters_is_slow(left: str, right: str) -> None:
    text = ((left + right) * 10_000)[:10_000]
    redact(text, **{**ZHANG, "names": ("张 张", *ZHANG["names"])})


def test_the_script_table_is_that_of_opencc() -> None:
    converter = opencc.OpenCC("t2s")
    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL))
    assert [converter.convert(character) for character in TRADITIONAL] == list(SIMPLIFIED)
    everything = "".join(map(chr, range(0x3000, 0xA000)))
    assert fold(fold(everything)) == fold(everything)


@pytest.mark.parametrize(
    ("name", "text", "redacted"),
    [
        ("爨小宝", "请爨女士回电", "请[姓名]回电"),
        ("小明", "请小姐姐回电", "请小姐姐回电"),
    ],
)
def test_a_rare_surname_of_a_known_customer_counts_with_a_title(name: str, text: str, redacted: str) -> None:
    assert redact(text, names=[name]) == redacted
