"""What becomes a variable in a log template, and what does not."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.texts.log_masks import MAX_MESSAGE_CHARS, mask
from aqe.analysis.texts.log_templates import OVERFLOW, TemplateMiner, digest

_PIECES = (
    "0x",
    "1x",
    "f",
    "ffffffff",
    "abc",
    "A",
    " ",
    ".",
    ":",
    "-",
    "_",
    "/",
    "=",
    "'",
    '"',
    "<email:",
    ">",
    "0",
    "7",
    "42",
    "2026",
)


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("took 30 ms", "took <duration>"),
        ("took 0.25s, 3 tries", "took <duration>, <num> tries"),
        ("sent 2,048 bytes", "sent <size>"),
        ("sent 1190 bytes (1.16 KB)", "sent <size>"),
        ("user 6f1f0cb2-7a39-4c3b-9d8e-0123456789ab gone", "user <uuid> gone"),
        ("at 0x7fed806eb5d", "at <hex>"),
        ("commit 3f9a1c2b is bad", "commit <hex> is bad"),
        ("from 10.0.0.7:8080 and db.eu.example.org", "from <addr> and <addr>"),
        ("mail to bob@example.org", "mail to <email>"),
        ("GET https://shop.example/p/17?x=1", "GET <url>"),
        ("GET /api/products/17 failed", "GET <path> failed"),
        (r"open C:\temp\a.txt", "open <path>"),
        ("block blk_-1608999687919862906 lost", "block blk_<id> lost"),
        ("since 2026-01-02T03:04:05.678Z", "since <time>"),
        ("since Sun Jun 14 15:16:01 2026", "since <time>"),
        ("since Sat, 28 Nov 2026 18:00:00 GMT", "since <time>"),
        ("since 28/Nov/2026:18:00:00 +0000", "since <time>"),
        ("since November 3, 2026", "since <time>"),
        ("since 6:05:09 PM", "since <time>"),
        ("hosts [alpha, beta, gamma] left", "hosts [<list>] left"),
        ('no such file "my file"', 'no such file "<text>"'),
        ("crawled <GET http://shop/> twice", "crawled <text> twice"),
        ("saving to \u2018a.txt\u2019 now", "saving to <text> now"),
        ("deleting blk_1 blk_2 blk_3", "deleting blk_<id>"),
        ('level=info msg="Door opened" user="x y"', 'level=info msg="Door opened" user="<text>"'),
        ('{"level":"info", "msg":"Door opened", "n": 3}', '{"level":"<text>", "msg":"Door opened", "n": <num>}'),
        ("login of <email:a1f5c6a1> from <ip:abcdefab>", "login of <email> from <ip>"),
        ("uid=0 euid=12", "uid=<num> euid=<num>"),
    ],
)
def test_values_are_masked_by_their_form(message: str, template: str) -> None:
    """The type of a variable stands in the template."""
    assert mask(message) == template


@pytest.mark.parametrize(
    "message", ["KeyError: 'price'", "state NEW to DONE", "setup.py has no main", "a = b; c", "it's fine", ""]
)
def test_words_are_left_alone(message: str) -> None:
    """Quoted identifiers name something in code: two of them are two errors."""
    assert mask(message) == message


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), st.integers(1, 9))
def test_which_digits_a_message_has_changes_nothing(message: str, turn: int) -> None:
    """Messages that differ in their digits alone have one template; only the zero of 0x says something."""
    turned = re.sub(r"\d(?![xX])", lambda digit: str((int(digit[0]) + turn) % 10), message)
    miner = TemplateMiner()
    assert mask(turned) == mask(message)
    assert miner.add(turned) == miner.add(message)


def test_a_word_that_takes_many_values_becomes_a_variable() -> None:
    """Names cannot be told by their form, only by how many there are."""
    miner = TemplateMiner()
    ids = [miner.add(f"session opened for user {name} by root") for name in ("ann", "bob", "cyd", "dan")]
    assert {miner.template(i) for i in ids} == {"session opened for user <*> by root"}
    assert len({miner.resolve(i) for i in ids}) == 1


def test_two_words_in_one_place_are_two_templates() -> None:
    """`opened` and `closed` are different events; so are states in capitals, however many."""
    miner = TemplateMiner()
    messages = ["file was opened", "file was closed", *(f"job is {s}" for s in ("NEW", "RUNNING", "DONE", "FAILED"))]
    assert len({miner.resolve(miner.add(message)) for message in messages}) == len(messages)


def test_an_id_given_early_stays_valid_when_its_template_grows() -> None:
    """What was counted under the narrow template belongs to the general one."""
    miner = TemplateMiner()
    early = miner.add("user ann logged in")
    assert miner.template(early) == "user ann logged in"
    later = [miner.add(f"user {name} logged in") for name in ("bob", "cyd")]
    assert miner.template(early) == miner.template(later[-1]) == "user <*> logged in"


def test_the_value_of_a_key_varies_and_its_key_stays() -> None:
    """`user=ann,` becomes `user=<*>,`."""
    miner = TemplateMiner()
    ids = [miner.add(f"denied user={name}, bye") for name in ("ann", "bob", "cyd")]
    assert miner.template(ids[0]) == "denied user=<*>, bye"


def test_ids_are_the_same_in_every_process_and_order() -> None:
    """An id is a digest of the template and of nothing else."""
    messages = [f"user {name} has {n} items" for n, name in enumerate(("ann", "bob", "cyd", "dan"))]
    forward, backward = TemplateMiner(), TemplateMiner()
    one = {forward.resolve(i) for i in [forward.add(m) for m in messages]}
    two = {backward.resolve(i) for i in [backward.add(m) for m in reversed(messages)]}
    assert one == two == {digest("user <*> has <num> items")}


def test_two_values_are_enough_where_one_of_them_is_a_variable_by_its_form() -> None:
    """Hosts come as names and as addresses; two words alone may be two different messages."""
    miner = TemplateMiner()
    hosts = [miner.add(f"No upstream proxy for {host}") for host in ("10.0.0.7", "localhost")]
    doors = [miner.add(f"Now the door is {state}") for state in ("opened", "closed")]
    assert {miner.template(i) for i in hosts} == {"No upstream proxy for <*>"}
    assert len({miner.template(i) for i in doors}) == 2


def test_two_values_are_enough_where_they_stand_in_brackets_or_quotes() -> None:
    """Words that are part of the text seldom do."""
    miner = TemplateMiner()
    ids = [miner.add(f"{who} list begins here") for who in ("[sender]", "[receiver]")]
    assert {miner.template(i) for i in ids} == {"[<*>] list begins here"}


def test_a_plural_in_brackets_is_text() -> None:
    """`miss(es)` and `item(s)` count different things."""
    miner = TemplateMiner()
    ids = [miner.add(f"7 cache {what} in all") for what in ("miss(es)", "item(s)", "hit(s)", "drop(s)")]
    assert len({miner.resolve(i) for i in ids}) == 4


def test_messages_that_differ_in_names_alone_are_one_template_however_many_names() -> None:
    """Two are enough, in any number of places; plain words that differ are different messages."""
    miner = TemplateMiner()
    names = (("a.ok", "ann@hall", "x"), ("a.late", "bob@yard", "y"))
    same = [miner.add(f"sent {kind} to {who} (user={user})") for kind, who, user in names]
    assert {miner.template(i) for i in same} == {"sent <*> to <*> (user=<*>)"}
    other = miner.add("dropped a.ok to ann@hall (user=x)")
    assert miner.template(other) == "dropped a.ok to ann@hall (user=x)"


def test_the_fewer_words_stay_the_more_values_make_a_variable() -> None:
    """Three values of a word among others are a variable; where it is all that is said, it takes eight."""
    miner = TemplateMiner()
    among = [miner.add(f"the lamp in the {room} is broken") for room in ("hall", "yard", "barn")]
    rooms = ("hall", "yard", "barn", "loft", "cave", "shed", "porch", "attic")
    alone = [miner.add(f"{room} 7", "NoLamp") for room in rooms]
    assert len({miner.resolve(i) for i in among}) == 1
    assert len(set(alone[:7])) == 7
    assert len({miner.resolve(i) for i in alone}) == 1


@pytest.mark.parametrize("line", ['level=info msg="%s the door"', '{"level":"info","msg":"%s the door"}'])
def test_what_is_told_in_logfmt_and_json_tells_messages_apart(line: str) -> None:
    """All else there is quoted data; with what is told taken for data too, all lines would be one template."""
    miner = TemplateMiner()
    assert len({miner.resolve(miner.add(line % verb)) for verb in ("opened", "closed")}) == 2


def test_the_first_word_is_a_variable_only_where_very_many_begin_so() -> None:
    """It says what happened, unless eight different ones are followed by the same three words."""
    guests = TemplateMiner()
    ids = [
        guests.add(f"{name} has left the house") for name in ("ann", "bob", "cyd", "dan", "eve", "fay", "gil", "hal")
    ]
    assert {guests.template(i) for i in ids} == {"<*> has left the house"}
    doors = TemplateMiner()
    assert len({doors.resolve(doors.add(f"{verb} the front door")) for verb in ("opened", "closed", "locked")}) == 3


def test_who_speaks_stays_however_many_speak() -> None:
    """Words up to a colon at the start tell functions, services or levels apart."""
    miner = TemplateMiner()
    ids = [
        miner.add(f"debug: {function}: done") for function in ("open_door", "close_door", "ring_bell", "lift", "lock")
    ]
    assert len({miner.resolve(i) for i in ids}) == 5


def test_words_that_vary_together_are_variables_though_no_pair_comes_twice() -> None:
    """Of many users in many rooms no two share either, so no word ever varies alone."""
    miner = TemplateMiner()
    pairs = (("ann", "hall"), ("bob", "yard"), ("cyd", "barn"), ("dan", "loft"))
    ids = [miner.add(f"guest {guest} has entered {room} now") for guest, room in pairs]
    assert {miner.template(i) for i in ids} == {"guest <*> has entered <*> now"}


def test_scopes_share_no_template() -> None:
    """The same message of two errors is two templates, and their names are not added up."""
    miner = TemplateMiner()
    assert miner.add("boom", "KeyError") != miner.add("boom", "TypeError")
    ids = [miner.add(f"no {name} here", scope) for name, scope in (("ann", "a"), ("bob", "b"), ("cyd", "c"))]
    assert len({miner.resolve(i) for i in ids}) == 3


def test_a_full_miner_says_so_and_still_knows_its_templates() -> None:
    """Memory is bounded; what no longer fits is counted in one place."""
    miner = TemplateMiner(max_templates=3)
    known = miner.add("first kind of message")
    late = [miner.add(f"{word} {word} {word}") for word in ("one", "two", "three", "four")]
    assert late[-1] == OVERFLOW
    assert miner.template(OVERFLOW) == "<messages beyond 3 templates>"
    assert miner.add("first kind of message") == known


@given(st.lists(st.text() | st.sampled_from(["a 1", "a b", "a c", "a d", "x=1 y", "'", '"']), max_size=30))
def test_any_messages_give_templates(messages: list[str]) -> None:
    """No text is refused, and equal messages have equal ids in the end."""
    miner = TemplateMiner()
    ids = [miner.add(message) for message in messages]
    templates = [miner.template(i) for i in ids]
    assert all(miner.resolve(miner.add(m)) == miner.resolve(i) for m, i in zip(messages, ids, strict=True))
    assert len(set(templates)) <= len(set(messages))


@given(st.text(max_size=200))
def test_masking_a_template_again_changes_nothing(message: str) -> None:
    """Tokens are not taken for values."""
    assert mask(mask(message)) == mask(message)


@pytest.mark.parametrize(
    "message",
    [
        part * (10_000_000 // len(part))
        for part in (
            "x",
            "1a ",
            "1.1.",
            "/a",
            "a@",
            "<",
            "'x ",
            "1:1:",
            "12 ",
            "a=b ",
            "(",
            "[a, ",
            'msg="',
            ',"a":',
            "x, ",
        )
    ],
    ids=range(15),
)
def test_hostile_lines_cost_no_more_than_their_beginning(message: str) -> None:
    """A 10 MB line is looked at as far as any other, and no pattern runs away."""
    started = time.process_time()
    assert len(TemplateMiner().add(message)) < MAX_MESSAGE_CHARS
    assert time.process_time() - started < 0.5
