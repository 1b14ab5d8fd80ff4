"""The text of a template: as written where all messages agree, `<*>` where they do not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.texts import template_text
from aqe.analysis.texts.log_templates import TemplateMiner
from aqe.analysis.texts.template_text import VARIABLE, TemplateTexts, text_of


def texts(*messages: str) -> set[str]:
    """Of all templates that these messages make."""
    miner = TemplateMiner()
    kept = TemplateTexts(miner)
    for message in messages:
        kept.keep(miner.add(message), message)
    return set(kept.all().values())


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (("took 30 ms", "took 31 ms"), "took <*> ms"),
        (("took 30 ms", "took 2 s"), "took <*> <*>"),
        (("open 10.0.0.7:80", "open 10.0.0.8:81"), "open <*>:<*>"),
        (("jk2_init() found child 7", "jk2_init() found child 8"), "jk2_init() found child <*>"),
        (("password ok  for ssh2", "password ok  for ssh2"), "password ok  for ssh2"),
        (("exit code 1", "exit code 1"), "exit code <*>"),
        (("mail to <email:a1f5c6a1>", "mail to <email:a1f5c6a1>"), "mail to <*>"),
        (("files a b", "files a b c"), "files <*>"),
        (("link to http://10.0.0.7:80/a?b=1 found",), "link to <*> found"),
        (("saved to hdfs://10.0.0.7:80/a",), "saved to hdfs://<*>"),
        (("sent src/lib/main.c",), "sent <*>"),
        (("joined node-17 of ttyS1",), "joined <*> of ttyS1"),
        (("enabled.....1", "enabled.....0"), "enabled.....<*>"),
        (("slab   1: size  96", "slab  12: size 120"), "slab <*>: size <*>"),
        (("    7 cache hit(s)",), "<*> cache hit(s)"),
    ],
)
def test_what_is_the_same_stays_as_it_was_written(messages: tuple[str, ...], text: str) -> None:
    """Units, ports, blanks, digits in words; what is a value by its form is a variable even if it never differs."""
    assert text_of(messages, "files <*>") == text


def test_a_word_that_the_miner_saw_vary_is_a_variable_though_the_kept_messages_agree() -> None:
    """Only a few are kept, and they may all be about root."""
    many = [f"login of {name} from 10.0.0.7" for name in ["root"] * 40 + ["ann", "bob", "cyd"]]
    assert texts(*many) == {"login of <*> from <*>"}


def test_a_word_that_varies_keeps_the_parts_that_all_messages_have() -> None:
    """A host and its port are two values, and the function called is none."""
    hosts = ("10.0.0.7", "localhost", "db", "cache")
    assert texts(*(f"opening a connection to {host}:80" for host in hosts)) == {"opening a connection to <*>:<*>"}
    assert texts(*(f"trying chdir({path}) once more" for path in ("/a/b", "/c.d", "e.f"))) == {
        "trying chdir(<*>) once more"
    }


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("crawled <GET http://shop/a b> twice", "crawled <*> twice"),
        ("saving to \u2018a b.txt\u2019 now", "saving to <*> now"),
        ('opening "my file" once', 'opening "<*>" once'),
        ("finished 'task_17' early", "finished 'task_<*>' early"),
        ('holding "power.WakeLock" still', 'holding "power.WakeLock" still'),
        ('closed "10.0.0.7:80" again', 'closed "<*>:<*>" again'),
    ],
)
def test_what_is_quoted_and_a_written_object_are_values(message: str, text: str) -> None:
    """Unless it says itself what it is."""
    assert texts(message) == {text}


def test_a_number_that_sometimes_looks_like_hex_is_one_template() -> None:
    """Grouping by the type of a variable would split it."""
    assert texts("mask 8001 set", "mask 00ff00 set") == {"mask <*> set"}


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12))
def test_templates_of_different_ids_have_different_texts_or_the_same_form(messages: list[str]) -> None:
    """Whatever comes: every message has a text, and no crash."""
    miner = TemplateMiner()
    kept = TemplateTexts(miner)
    ids = [miner.add(message) for message in messages]
    for id_, message in zip(ids, messages, strict=True):
        kept.keep(id_, message)
    found = kept.all()
    assert all(miner.resolve(id_) in found for id_ in ids)


@given(st.text(alphabet="aZ_9.:/\\-@<>*$'\" \t\n\x1c\u00a0,f0x", max_size=40))
def test_a_text_taken_apart_word_by_word_is_the_text_taken_apart_as_a_whole(text: str) -> None:
    """Words are remembered with what stands for them; what stands beside them must not matter."""
    whole = "".join(VARIABLE if variable else word + mark for variable, word, mark in template_text._PART.findall(text))
    assert text_of([text], "") == template_text._unpadded(re.sub(r"(?:<\*>){2,}", VARIABLE, whole))
