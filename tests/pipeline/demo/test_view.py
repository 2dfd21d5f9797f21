import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from pipeline.demo.gauges import RoleGauges
from pipeline.demo.loop.exam import ExamResult
from pipeline.demo.loop.facts import LoopFacts, UpdateFigures
from pipeline.demo.progress import Phase, Progress
from pipeline.demo.tally import SeenAlert, TopicRow
from pipeline.demo.view import LiveView, PlainView
from pipeline.records import AlertRecord
from pipeline.roles.faust_app import Role

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PROGRESS = Progress(
    phase=Phase.LIVE,
    elapsed_s=70.0,
    n_sent=5_000,
    event_at=NOON,
    documents_per_s=12.3,
    speed=300,
    gauges={Role.READ: RoleGauges(lag=3, documents={"decided": 4_990}, batch_documents=31.0, queue_age_s=0.2)},
    rows=(TopicRow("acme", 20, 8, 6, -0.6, 0.75), TopicRow("calm", 4, 0, 0, None, None)),
    n_windows=321,
    dead_letters={"bad_time": 2},
)


def test_the_live_view_shows_flow_topics_and_alerts(an_alert: Callable[..., AlertRecord]) -> None:
    out = io.StringIO()
    with LiveView(Console(file=out, force_terminal=True, width=160, height=40)) as view:
        view.show(replace(PROGRESS, alerts=(SeenAlert(an_alert("acme", NOON), NOON),)))
    shown = out.getvalue()
    for part in (
        "1 s of the demo = 5 min of news",
        "4,990 of 5,000",
        "31 documents",
        "acme",
        "-0.60",
        "75%",
        "opened",
    ):
        assert part in shown


def test_plain_lines_come_every_five_seconds_and_at_once_for_an_alert(an_alert: Callable[..., AlertRecord]) -> None:
    out = io.StringIO()
    view = PlainView(Console(file=out, width=300))
    view.show(PROGRESS)
    view.show(replace(PROGRESS, elapsed_s=72.0))
    view.show(replace(PROGRESS, elapsed_s=73.0, alerts=(SeenAlert(an_alert("acme", NOON), NOON),)))
    view.show(replace(PROGRESS, elapsed_s=75.0, alerts=(SeenAlert(an_alert("acme", NOON), NOON),)))
    lines = out.getvalue().splitlines()
    assert [line[:6] for line in lines] == ["  70 s", "  73 s", "  75 s"]
    assert lines[1] == "  73 s  ALERT opened: acme: 6 negative stories"
    assert "4,990 of 5,000 documents read, 12/s, lag 3 – – – –, 321 windows to 01-02 12:00, 2 dead" in lines[0]


def test_the_live_view_shows_what_has_come_of_corrections() -> None:
    loop = LoopFacts(
        n_wanted=120,
        n_corrections=120,
        n_rounds=118,
        update=UpdateFigures(step=30, n_steps=30, reward=0.94),
        first_reward=0.36,
        old_version="p-1",
        new_version="p-2",
        n_shadow=41,
        is_swapped=True,
        exam=ExamResult(32, 0, 28),
    )
    out = io.StringIO()
    with LiveView(Console(file=out, force_terminal=True, width=160, height=40)) as view:
        view.show(replace(PROGRESS, loop=loop))
    for part in ("120 of 120", "118", "0.36 → 0.94", "41 documents", "p-1 → p-2", "0% → 88%"):  # 28 of 32
        assert part in out.getvalue()


def test_plain_lines_say_where_the_loop_is_while_there_is_one() -> None:
    out = io.StringIO()
    view = PlainView(Console(file=out, width=300))
    loop = LoopFacts(n_wanted=120, n_corrections=80, n_rounds=70)
    view.show(replace(PROGRESS, loop=loop))
    view.show(replace(PROGRESS, loop=replace(loop, update=UpdateFigures(step=3, n_steps=30, reward=0.5))))
    view.show(replace(PROGRESS, loop=replace(loop, failure="the gate does not let p-2 pass: calibration")))
    told = [line.split(":")[0] for line in out.getvalue().splitlines()]
    assert told == [
        "  70 s  analysts answer reviews, and correct what they find, 80 of 120, 70 rounds",
        "  70 s  the policy learns from the corrections, step 3 of 30, reward 0.50",
        "  70 s  live feed, faster than the clock",
    ]
