"""Answers about real-user monitoring, asked of DuckDB over Parquet files; the questions are in rum_sql."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..core.records.bulk.rows import PRODUCT, RUM
from ..core.records.bulk.rum_answers import (
    NO_PAGE,
    VITALS,
    ClientVisits,
    ErrorTimes,
    ErrorVisits,
    PageAction,
    PageLabel,
    PageVisits,
    PathVisits,
    RumAnswers,
    RumQuestion,
    RumTotals,
    StepError,
    VitalLevel,
)
from . import rum_sql as sql
from .session_sql import product_events


class RumReader:
    """The rows of one window.

    Args:
        connection: DuckDB of its own: it gets views and tables.
        files: kind -> Parquet files, of RUM and PRODUCT.
        since, until: window, aware; `until` is not in it.
        release: only rows imported for it.
    """

    def __init__(
        self,
        connection: Any,
        files: Mapping[str, Sequence[str]],
        *,
        since: datetime,
        until: datetime,
        release: str | None = None,
    ) -> None:
        self._connection = connection
        self._since = since
        rum, product = (
            sql.window(kind, files[kind], since=since, until=until, release=release) for kind in (RUM, PRODUCT)
        )
        self._run(f"CREATE TEMP VIEW rum AS {rum}")
        joined = product_events(product, rum) if files[PRODUCT] else product
        self._run(f"CREATE TEMP VIEW product AS {joined}")
        self._run(sql.PAGES)
        self._labels = {code: PageLabel(label, views) for label, views, code in self._ask(sql.LABELS)}

    def labels(self) -> tuple[PageLabel, ...]:
        """Pages, the most viewed first."""
        return tuple(self._labels.values())

    def visits(self, purchase: str, rows: int) -> None:
        """Put the visits together; once, before the answers.

        Args:
            purchase: regular expression for the name of an event that is one.
            rows: how many there are, which decides into how many turns the people are divided.
        """
        turns = math.ceil(rows / sql.EVENTS_A_TURN) or 1
        for table in (sql.ERRORS, sql.CLIENTS, sql.machines(looked_for=turns > 1), sql.VISITS):
            self._run(table)
        for turn in range(turns):
            events = sql.events_sql(since=self._since, purchase=purchase, turn=turn, turns=turns)
            self._run(f"INSERT INTO visits {sql.paths_sql(sql.visits_sql(events))}")
        self._run(sql.PATHS)

    def answers(self, question: RumQuestion) -> RumAnswers:
        """Everything that is asked."""
        ((rows, *counts, first, last),) = self._ask(sql.WINDOW)
        self.visits(question.purchase, rows)
        steps = ["".join(self._characters(labels)) for labels in question.steps]
        errors = {code: ErrorTimes(*found) for *found, code in self._ask(sql.ERROR_TIMES)}
        samples = dict(zip(VITALS, next(iter(self._ask(sql.samples_sql(VITALS)))), strict=True))
        return RumAnswers(
            totals=self._totals(rows, counts, first, last),
            clients=tuple(self._clients(steps)),
            pages=tuple(sorted(self._pages(), key=lambda page: (-page.visits, page.label))[: sql.LISTED]),
            paths=tuple(PathVisits(tuple(map(self._label, seen)), *of) for seen, *of in self._ask(sql.TOP_PATHS)),
            vitals=tuple(self._vitals(samples, question.thresholds)),
            approximate_vitals=max(samples.values()) > sql.MAX_SAMPLES,
            step_errors=tuple(
                StepError(step, errors[sql.code_of(error)].error, dropped, went_on)
                for step, error, dropped, went_on in (self._ask(sql.step_errors(steps)) if len(steps) > 1 else ())
            ),
            errors=tuple(errors.values())[: sql.LISTED],
            error_visits=tuple(
                ErrorVisits(errors[sql.code_of(error)].error, of, self._label(value) if of == "page" else value, visits)
                for error, of, value, visits in self._ask(sql.ERROR_VISITS)
            ),
            actions=tuple(PageAction(*found) for found in self._ask(sql.ACTIONS)),
        )

    def _totals(self, rows: int, counts: Sequence[int], first: int | None, last: int | None) -> RumTotals:
        views, nameless_views, errors, nameless_errors, users = counts
        exact = rows <= sql.MAX_SAMPLES
        ((machines,),) = self._ask("SELECT count(*) FROM machines")
        ((visits, by_inactivity, without_views, cut, median_ms),) = self._ask(sql.visit_totals(exact=exact))
        return RumTotals(
            rows=rows,
            views=views,
            nameless_views=nameless_views,
            errors=errors,
            nameless_errors=nameless_errors,
            users=users,
            first=_time(first),
            last=_time(last),
            pages=len(self._labels),
            visits=visits,
            by_inactivity=by_inactivity,
            without_views=without_views,
            cut=cut,
            machines=machines,
            median_ms=median_ms,
        )

    def _clients(self, steps: Sequence[str]) -> Iterable[ClientVisits]:
        for *client, visits, views, bounces, bought, reached in self._ask(sql.client_visits(steps)):
            device, browser, region, sample_percent = client
            yield ClientVisits(device, browser, region, sample_percent, visits, views, bounces, bought, tuple(reached))

    def _pages(self) -> Iterable[PageVisits]:
        for page, *counts in self._ask(sql.PAGE_VISITS):
            yield PageVisits(self._label(page), *counts)

    def _vitals(self, samples: dict[str, int], thresholds: dict[str, tuple[float, float]]) -> Iterable[VitalLevel]:
        for vital, column in VITALS.items():
            good, poor = thresholds[vital]
            query = sql.vital_levels(column, good, poor, exact=samples[vital] <= sql.MAX_SAMPLES)
            for page, device, browser, *counts, percentiles in self._ask(query) if samples[vital] else ():
                label = None if page is None else self._labels[page].label
                yield VitalLevel(vital, label, device, browser, *counts, *percentiles)

    def _characters(self, labels: Iterable[str]) -> list[str]:
        """Of a step's pages; of one that nobody saw a character that no path has."""
        codes = [code for code, page in self._labels.items() if page.label in labels]
        return [sql.character(code) for code in codes] or [sql.NEVER]

    def _label(self, character: str) -> str:
        return self._labels[sql.code_of(character)].label if character else NO_PAGE

    def _run(self, query: str) -> None:
        self._connection.execute(query)

    def _ask(self, query: str) -> Any:
        return self._connection.execute(query).fetchall()


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)
