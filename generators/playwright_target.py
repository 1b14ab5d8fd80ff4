"""TestScenario -> a file for @playwright/test, in TypeScript that the compiler's strict mode accepts."""

from typing import Any

from ..core.records.production.scenarios import TestScenario
from .derived import header
from .literals import javascript, javascript_prose, slug
from .synthetic_user import AUTOCOMPLETE, USER_DATA
from .ui_script import Answer, Outcome, needs, outcomes, refusal, typed_fields, watches
from .ui_speller import Speller

_WIDTH = 100
_TAB = "  "

_FOUND = """
/** The element, by the first of its recorded ways that finds one. */
async function found(...ways: Locator[]): Promise<Locator> {
  const visible = ways.map((way) => way.filter({ visible: true }));
  await expect(visible.reduce((one, other) => one.or(other)).first()).toBeVisible();
  for (const way of visible) {
    if ((await way.count()) > 0) return way.first();
  }
  throw new Error(`${ways.join(", ")}: was there and went away`);
}
"""
_SUBMIT = """
const ASKED: Record<string, keyof typeof USER> = {
ASKED};

/** Clicks; what a form still lacks is filled in before, as its fields ask for it. */
async function submit(button: Locator, user: typeof USER): Promise<void> {
  const form = button.locator("xpath=ancestor::form");
  for (const field of await form.locator("input, select, textarea").all()) {
    if (!(await field.isEditable()) || !(await field.isVisible()) || (await field.inputValue())) continue;
    const told = (await field.getAttribute("autocomplete")) ?? "";
    const type = (await field.getAttribute("type")) ?? "";
    const asked = ASKED[type === "email" ? type : (told.split(" ").at(-1) ?? "")] ?? ASKED[type];
    const required = (await field.getAttribute("required")) !== null;
    if (!asked && !required && !told.startsWith("country")) continue;
    if (await field.evaluate((node) => node.nodeName === "SELECT")) await field.selectOption({ index: 1 });
    else await field.fill(user[asked ?? "text"]);
  }
  await button.click();
}
"""
_SHOWN = """
/** All of these are to be seen. */
async function shown(page: Page, ...testIds: string[]): Promise<void> {
  for (const testId of testIds) {
    await expect(page.getByTestId(testId).filter({ visible: true }).first()).toBeVisible();
  }
}
"""
_URL = """
/** The URL of a page, whatever its host and query. */
function url(path: string): RegExp {
  return new RegExp(`^https?://[^/]+${path}(?:[?#].*)?$`);
}
"""
_ANSWER = """
/** Whether an answer is the one to this request. */
function answerTo(method: string, path: string): (answer: Response) => boolean {
  return (answer) => answer.request().method() === method && url(path).test(answer.url());
}
"""


class PlaywrightTarget:
    """Tests in a browser, in TypeScript."""

    name = "playwright"
    language = "typescript"

    def refusal(self, scenario: TestScenario) -> str | None:
        """It acts in a browser, and there alone."""
        return refusal(scenario)

    def file_name(self, scenario: TestScenario) -> str:
        """`from-the-front-page-to-an-order-<end of the id>.spec.ts`."""
        return f"{slug(f'{slug(scenario.title)} {scenario.id[-12:]}', limit=80).replace('_', '-')}.spec.ts"

    def render(self, scenario: TestScenario) -> str:
        """The file's text; see Target."""
        script, fields = outcomes(scenario.ui), typed_fields(scenario)
        needed = needs(script)
        helpers = (("found", _FOUND), ("submit", _submit()), ("shown", _SHOWN), ("url", _URL), ("answer", _ANSWER))
        return "".join(
            [
                _header(scenario),
                _imports(needed, fields),
                _user(fields) if fields else "",
                _fixtures(scenario, fields),
                _skip(scenario),
                *(text for name, text in helpers if name in needed),
                _test(scenario, script, fields),
            ]
        )


def _header(scenario: TestScenario) -> str:
    how = "Run it against a service: AQE_TARGET_URL=http://127.0.0.1:8000 npx playwright test FILE"
    lines = header(scenario, how, javascript_prose, _WIDTH - 3)
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */", ""])


def _imports(needed: frozenset[str], fields: tuple[str, ...]) -> str:
    lines = []
    if any("randomUUID" in USER_DATA[field].typescript for field in fields):
        lines.append('import { randomUUID } from "node:crypto";')
    types = [
        name
        for name, need in (("Locator", ("found", "submit")), ("Page", ("shown",)), ("Response", ("answer",)))
        if needed & {*need}
    ]
    names = ", ".join(["test as base", "expect", *(f"type {name}" for name in types)])
    return "\n".join([*lines, f'import {{ {names} }} from "@playwright/test";', ""])


def _user(fields: tuple[str, ...]) -> str:
    values = (f"{_TAB}{field}: {USER_DATA[field].typescript},\n" for field in fields)
    return f"\n/** Nobody: what people typed is not in this file. */\nconst USER = {{\n{''.join(values)}}};\n"


def _submit() -> str:
    asked = (f"{_TAB}{javascript({name: field})[2:-2]},\n" for name, field in AUTOCOMPLETE.items())
    return _SUBMIT.replace("ASKED}", f"{''.join(asked)}}}", 1)


def _fixtures(scenario: TestScenario, fields: tuple[str, ...]) -> str:
    types, parts = [], [f"{_TAB}baseURL: ({{ baseURL }}, use) => use(process.env.AQE_TARGET_URL ?? baseURL),\n"]
    if fields:
        types.append("user: typeof USER")
        parts.append(f"{_TAB}user: [USER, {{ option: true }}],\n")
    if watched := "".join(_WATCHED[kind] for kind in watches(scenario)):
        types.append("faults: string[]")
        parts.append(_FAULTS.replace("WATCHED\n", watched))
    of = f"<{{ {'; '.join(types)} }}>" if types else ""
    return f"\nconst test = base.extend{of}({{\n{''.join(parts)}}});\n"


def _skip(scenario: TestScenario) -> str:
    """All tests of the file, before a browser is started; reports show the reason."""
    return f"\ntest.skip(true, {javascript(' '.join(scenario.skipped.split()))});\n" if scenario.skipped else ""


_FAULTS = """\
  /** What goes wrong in the pages: anything fails the test. */
  faults: [
    async ({ baseURL, context }, use) => {
      const faults: string[] = [];
WATCHED
      await use(faults);
      expect(faults, `what went wrong at ${baseURL}`).toEqual([]);
    },
    { auto: true },
  ],
"""
_WATCHED = {
    "no-page-error": """\
      context.on("weberror", (thrown) => faults.push(`in a page: ${thrown.error().message}`));
""",
    "no-failed-request": """\
      context.on("response", (answer) => {
        const failed = answer.url().startsWith(baseURL ?? "") && answer.status() >= 500;
        if (failed) faults.push(`${answer.status()} from ${answer.url()}`);
      });
""",
}


class _TypeScript(Speller):
    """Statements in a step of a test."""

    room = _WIDTH - 2 * len(_TAB)
    tab, comment, wait, end, declare, regex = _TAB, "//", "await ", ";", "const ", "new RegExp"

    def literal(self, value: object) -> str:
        """Of JavaScript."""
        return javascript(value)

    def prose(self, text: str) -> str:
        """Of JavaScript."""
        return javascript_prose(text)

    def word(self, name: str) -> str:
        """As it is."""
        return name

    def variable(self, words: str) -> str:
        """`addToCartButton`."""
        first, *others = words.split("_")
        return first + "".join(map(str.capitalize, others))

    def options(self, given: tuple[tuple[str, Any], ...]) -> list[str]:
        """One object."""
        return [javascript(dict(given))] if given else []

    def user(self, field: str) -> str:
        """A property."""
        return f"user.{field}"

    def answered(self, answer: Answer, action: str) -> list[str]:
        """The wait begins before the action and ends after it."""
        request = f"answerTo({javascript(answer.method)}, {javascript(answer.path)})"
        return [
            self.call("const answered = page.waitForResponse", [request]),
            action,
            f"expect((await answered).status()).toBeLessThan({answer.below});",
        ]


def _test(scenario: TestScenario, script: tuple[Outcome, ...], fields: tuple[str, ...]) -> str:
    title = javascript(" ".join(scenario.title.split()))
    parameters = "{ page, user }" if fields else "{ page }"
    return f"\ntest({title}, async ({parameters}) => {{\n{''.join(map(_step, script))}}});\n"


def _step(outcome: Outcome) -> str:
    lines = (line for statement in _TypeScript().statements(outcome) for line in statement.split("\n"))
    body = "".join(f"{_TAB * 2}{line}\n" for line in lines)
    return f"{_TAB}await test.step({javascript(outcome.title)}, async () => {{\n{body}{_TAB}}});\n"
