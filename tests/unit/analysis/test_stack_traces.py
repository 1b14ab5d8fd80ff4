"""Traces of four languages: what is read from them, and which of them are one bug."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.analysis.texts import stack_traces
from aqe.analysis.texts.stack_traces import MAX_FRAMES, StackTrace, culprit, fingerprint, parse

PYTHON = """Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/flask/app.py", line 917, in full_dispatch_request
    rv = self.dispatch_request()
         ^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/shop/api/products.py", line 42, in product_page
    tag = runtime().price_tag(product.offer)
  File "/srv/shop/shop/pricing/naive.py", line 8, in price_tag
    return PriceTag(price=offer["price"])
                          ~~~~~^^^^^^^^^
KeyError: 'price'
"""

CHROME = """TypeError: Cannot read properties of undefined (reading 'price')
    at Cart.total (https://shop.example/assets/main.3f9a1c2b.js:10:5)
    at Array.map (<anonymous>)
    at async checkout (https://shop.example/assets/main.3f9a1c2b.js:80:9)
    at HTMLButtonElement.<anonymous> (https://shop.example/assets/main.3f9a1c2b.js:99:1)"""
FIREFOX = """total@https://shop.example/assets/main.77aa88bb.js:10:5
checkout/<@https://shop.example/assets/main.77aa88bb.js:80:9
async*checkout@https://shop.example/assets/main.77aa88bb.js:81:9
@https://shop.example/assets/main.77aa88bb.js:99:1
"""
SAFARI = """total@https://shop.example/assets/main.3f9a1c2b.js:10:5
map@[native code]
checkout@https://shop.example/assets/main.3f9a1c2b.js:80:9
global code@https://shop.example/assets/main.3f9a1c2b.js:99:1"""

JAVA = """2026-01-01 10:00:00 ERROR [http-1] c.s.Api - request failed
com.shop.api.ApiException: checkout failed
	at com.shop.api.CheckoutController.checkout(CheckoutController.java:31)
	at java.base/java.lang.reflect.Method.invoke(Method.java:580)
	at org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:255)
	Suppressed: java.io.IOException: stream closed
		at com.shop.io.Streams.close(Streams.java:5)
	Caused by: java.lang.IllegalArgumentException: inner
		at com.shop.io.Streams.inner(Streams.java:9)
Caused by: java.lang.NullPointerException: Cannot invoke "Price.cents()" because "price" is null
	at com.shop.cart.Cart.lambda$total$0(Cart.java:42)
	at java.base/java.util.ArrayList.forEach(ArrayList.java:1596)
	at com.shop.cart.Cart.total(Cart.java:40)
	... 23 more
"""

GO = """2026/01/01 10:00:00 http: panic serving 10.0.0.7:51234: runtime error: index out of range [5] with length 3
goroutine 34 [running]:
main.recoverAll.func1()
	/app/server.go:12 +0x5c
panic({0x6a2f80?, 0xc00001a0d8?})
	/usr/local/go/src/runtime/panic.go:914 +0x21f
github.com/acme/shop/cart.(*Cart).Total(0xc000010000, 0x5)
	/app/cart/cart.go:42 +0x1d
net/http.HandlerFunc.ServeHTTP(0xc0000b2000)
	/usr/local/go/src/net/http/server.go:2136 +0x29
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3086 +0x30

goroutine 1 [IO wait]:
main.main()
	/app/main.go:10 +0x20
"""


def test_a_python_trace_gives_its_error_and_the_frames_innermost_first() -> None:
    """File, function, line and whose code it is come out of the text."""
    trace = parse(PYTHON)
    assert (trace.language, trace.error_type, trace.message) == ("python", "KeyError", "'price'")
    assert [(f.function, f.line, f.in_app) for f in trace.frames] == [
        ("price_tag", 8, True),
        ("product_page", 42, True),
        ("full_dispatch_request", 917, False),
    ]
    assert culprit(trace) == "pricing/naive.py in price_tag"


def test_a_source_line_that_is_a_single_name_does_not_end_the_trace() -> None:
    """`ValueError` as code stands deeper than the frame; only the less indented line is the error."""
    text = 'Traceback (most recent call last):\n  File "/srv/shop/a.py", line 1, in outer\n    ValueError\n'
    text += '  File "/srv/shop/b.py", line 2, in inner\n    boom\nTypeError: no\n'
    trace = parse(text)
    assert (trace.error_type, len(trace.frames)) == ("TypeError", 2)


def test_the_root_cause_of_a_python_chain_decides() -> None:
    """Both kinds of chain print the cause first; what was raised on top of it is not the bug."""
    for link in (
        "During handling of the above exception, another exception occurred:",
        "The above exception was the direct cause of the following exception:",
    ):
        wrapped = PYTHON + f"\n{link}\n\n" + PYTHON.replace("KeyError: 'price'", "shop.errors.PageError: page 17")
        assert fingerprint(parse(wrapped)) == fingerprint(parse(PYTHON))


def test_where_the_root_names_no_code_of_the_application_the_error_around_it_tells_the_place() -> None:
    """A refused connection is raised in a library; the caller in the application stands in the outer trace."""
    library = (
        "Traceback (most recent call last):\n"
        '  File "/venv/lib/python3.11/site-packages/urllib3/connection.py", line 174, in _new_conn\n'
        "    conn = connect()\n"
        "ConnectionRefusedError: [Errno 111] Connection refused\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
    )
    trace = parse(library + PYTHON.replace("KeyError: 'price'", "RuntimeError: stock service"))
    assert trace.error_type == "ConnectionRefusedError"
    assert culprit(trace) == "pricing/naive.py in price_tag"


def test_an_exception_group_is_looked_into() -> None:
    """The group itself says only that something in it failed."""
    text = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/srv/shop/main.py", line 3, in main\n'
        "  |     async with TaskGroup():\n"
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "/srv/shop/jobs.py", line 9, in job\n'
        "    |     raise ValueError(1)\n"
        "    | ValueError: 1\n"
        "    +------------------------------------\n"
    )
    trace = parse(text)
    assert (trace.error_type, trace.frames[0].function) == ("ValueError", "job")


def test_library_frames_count_only_when_nothing_else_remains() -> None:
    """A trace wholly inside a library still has a place."""
    trace = parse(PYTHON.replace("/srv/shop/", "/venv/lib/python3.11/site-packages/"))
    assert not any(frame.in_app for frame in trace.frames)
    assert culprit(trace) == "pricing/naive.py in price_tag"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("line 8", "line 81"),
        ("/srv/shop/", "/opt/releases/2026-01-02/"),
        ("/srv/shop/", "C:\\apps\\"),
        ("917, in full_dispatch_request", "920, in wsgi_app"),
        ('    return PriceTag(price=offer["price"])\n                          ~~~~~^^^^^^^^^\n', ""),
        ('  File "/srv/shop/shop/api/products.py"', '  File "/srv/shop/shop/api/carts.py"'),
        ("KeyError", "builtins.KeyError"),
    ],
)
def test_what_changes_between_releases_and_callers_leaves_the_fingerprint_alone(before: str, after: str) -> None:
    """Lines, folders, library versions, source text and the endpoint are no part of the bug."""
    assert before in PYTHON
    assert fingerprint(parse(PYTHON.replace(before, after))) == fingerprint(parse(PYTHON))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("KeyError: 'price'", "KeyError: 'stock'"),
        ("KeyError: 'price'", "TypeError: 'price'"),
        ("KeyError: 'price'", "KeyError: 'price' is gone"),
        ("in price_tag", "in discount_tag"),
        ("pricing/naive.py", "pricing/bulk.py"),
    ],
)
def test_different_bugs_stay_apart(before: str, after: str) -> None:
    """Another type, message, function or file is another bug, even in the same place."""
    assert before in PYTHON
    assert fingerprint(parse(PYTHON.replace(before, after))) != fingerprint(parse(PYTHON))


def test_values_in_a_message_do_not_make_a_new_bug() -> None:
    """Numbers and ids are masked."""
    one, two = (PYTHON.replace("'price'", f"order {n} of 10.0.0.{n}") for n in (211, 12))
    assert fingerprint(parse(one)) == fingerprint(parse(two))


def test_deep_recursion_is_the_same_bug_at_any_depth() -> None:
    """Repeated frames add nothing."""
    frame = '  File "/srv/shop/tree.py", line 3, in walk\n    walk(node)\n'
    text = "Traceback (most recent call last):\n{}RecursionError: maximum recursion depth exceeded\n"
    shallow, deep = parse(text.format(frame * 3)), parse(text.format(frame * 900))
    assert fingerprint(shallow) == fingerprint(deep)
    assert len(deep.frames) == MAX_FRAMES


def test_a_javascript_error_is_one_bug_in_every_browser() -> None:
    """Chrome, Firefox and Safari differ in syntax, in words and in the frames around; build hashes differ too."""
    firefox = parse(FIREFOX, error_type="TypeError", message='can\'t access property "price", item is undefined')
    safari = parse(
        SAFARI, error_type="TypeError", message="undefined is not an object (evaluating 'this.items[0].price')"
    )
    assert fingerprint(parse(CHROME)) == fingerprint(firefox) == fingerprint(safari)
    assert culprit(safari) == "assets/main.js in total"


@pytest.mark.parametrize(
    "messages",
    [
        ("cart.sum is not a function", "cart.sum is not a function. (In 'cart.sum()', 'cart.sum' is undefined)"),
        ("Stripe is not defined", "Can't find variable: Stripe"),
        ("Failed to fetch", "NetworkError when attempting to fetch resource.", "Load failed"),
        (
            "Cannot read property 'price' of undefined",
            "Cannot read properties of undefined (reading 'price')",
            "null is not an object (evaluating 'item[\"price\"]')",
        ),
    ],
)
def test_browsers_words_for_one_error_agree(messages: tuple[str, ...]) -> None:
    """The same failure is worded by each engine in its own way."""
    assert len({fingerprint(parse(CHROME.splitlines()[1], error_type="TypeError", message=m)) for m in messages}) == 1


def test_a_javascript_error_about_another_property_is_another_bug() -> None:
    """`price` and `stock` of undefined in one function are two bugs."""
    assert fingerprint(parse(CHROME)) != fingerprint(parse(CHROME.replace("'price'", "'stock'")))


def test_node_modules_and_natives_are_not_the_application() -> None:
    """Node's own files and packages are passed over; a cause printed below decides."""
    text = (
        "Error: request failed\n"
        "    at handle (/app/node_modules/express/lib/router.js:4:5)\n"
        "    at checkout (/app/src/checkout.js:10:3)\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {\n"
        "  [cause]: RangeError: bad price\n"
        "      at price (/app/src/pricing.js:3:9)\n"
    )
    trace = parse(text)
    assert (trace.error_type, trace.message, culprit(trace)) == ("RangeError", "bad price", "src/pricing.js in price")


def test_anonymous_and_minified_javascript_names_carry_no_identity() -> None:
    """The minifier gives another letter to the same function in the next build."""
    line = "TypeError: no\n    at {} (https://shop.example/main.js:1:{})"
    assert len({fingerprint(parse(line.format(name, n))) for n, name in enumerate(("t", "Qe", "<anonymous>"), 7)}) == 1


def test_the_root_cause_of_a_java_trace_decides_and_suppressed_errors_do_not() -> None:
    """`Caused by` last; lambdas, JDK and Spring frames are passed over."""
    trace = parse(JAVA)
    assert trace.error_type == "java.lang.NullPointerException"
    assert culprit(trace) == "com.shop.cart.Cart in total"
    assert fingerprint(trace) == fingerprint(parse(JAVA.replace("$total$0", "$total$7").replace(":42", ":43")))
    assert fingerprint(trace) == fingerprint(parse(JAVA[JAVA.index("Caused by: java.lang.Null") :]))


def test_generated_java_classes_are_passed_over() -> None:
    """Proxies have new names after each start."""
    text = "java.lang.IllegalStateException: x\n\tat {}(<generated>)\n\tat com.shop.Cart.total(Cart.java:4)\n"
    names = ("com.shop.Cart$$EnhancerBySpringCGLIB$$1a2b.total", "com.shop.Cart$$FastClassBySpringCGLIB$$9f.invoke")
    assert {culprit(parse(text.format(name))) for name in names} == {"com.shop.Cart in total"}


def test_a_go_panic_is_placed_where_it_was_raised() -> None:
    """Neither the deferred function that printed it nor the runtime is the culprit; other goroutines are not read."""
    trace = parse(GO)
    assert (trace.language, trace.error_type) == ("go", "panic")
    assert trace.message == "runtime error: index out of range [5] with length 3"
    assert culprit(trace) == "cart/cart.go in Cart.Total"
    assert [frame.in_app for frame in trace.frames] == [True, False]


def test_without_a_trace_type_and_message_template_are_compared() -> None:
    """Log text alone is enough to group by."""
    one = parse("payment of order 17 failed", error_type="PaymentError")
    two = parse("payment of order 4711 failed", error_type="PaymentError")
    assert fingerprint(one) == fingerprint(two) == "PaymentError | payment of order <num> failed"
    assert parse("ValueError: bad\n") == StackTrace("", "ValueError", "bad", ())


@given(
    st.text()
    | st.lists(st.sampled_from([*PYTHON, *(PYTHON + CHROME + FIREFOX + JAVA + GO).splitlines(True)])).map("".join)
)
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Production text is whatever it is."""
    trace = parse(text)
    assert len(trace.frames) <= MAX_FRAMES
    assert len(fingerprint(trace)) < 2000


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        "at " * 100_000,
        "at (((((" * 20_000,
        "a." * 50_000,
        "@:1:1\n" * 20_000,
        'File "a", line 1, in f\n' * 20_000,
        "\tat a.b.c(D.java:1)\n" * 20_000,
        "f(\n\t/a.go:1\n" * 20_000,
        "E: " * 50_000,
        " is not a function" * 10_000,
        "panic: " * 20_000,
        "\n" * 1_000_000,
    ],
    ids=range(12),
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    """No pattern runs away, and a huge text is looked at in part."""
    started = time.process_time()
    fingerprint(parse(text))
    assert time.process_time() - started < 1


LINES = st.sampled_from(
    ['  File "/app/a.py", line 3, in f', "File 'x'", "KeyError: 'a'", "panic: x", "main.f(0x1)", "\t/app/a.go:12 +0x1f",
     "\tat a.B.c(B.java:7)", "    at f (app.js:1:2)", "f@app.js:1:2", "at x", "a@b", "Error: no", "node:internal", ""]
)  # fmt: skip


@given(st.lists(LINES | st.text('atF@. "ile:go1s', max_size=20), max_size=6).map("\n".join))
def test_a_message_alone_is_read_as_before_the_look_for_frames(text: str) -> None:
    """That look saves the readers of four languages, and decides nothing."""
    with pytest.MonkeyPatch.context() as patch:
        found = parse(text)
        patch.setattr(stack_traces, "_IN_EVERY_TRACE", re.compile(""))
        assert parse(text) == found
