"""Pipeline: how much flows, how long it takes, what waits, and on what it runs."""

from __future__ import annotations

from deploy.grafana.source import panels as p
from deploy.grafana.source.board import Board, Row
from deploy.grafana.source.panels import Override, Query, runbook
from deploy.grafana.source.tables import Column, table

_INFO = "finsurge_process_info"
_PROCESS = f"* on (job, instance) group_left (process) {_INFO}"
_FREE = ((None, p.RED), (0.1, p.ORANGE), (0.2, p.GREEN))
_RATE = "[$__rate_interval]"


def board() -> Board:
    """Return the dashboard."""
    return Board(
        "finsurge-pipeline",
        "finsurge / Pipeline",
        "From documents to notifications: throughput, lag, latency, batches, what was left out, and what it runs on.",
        rows=[
            Row("Now", _now()),
            Row("Flow", _flow()),
            Row("Reading", _reading()),
            Row("Delivery", _delivery()),
            Row("Processes", _processes()),
        ],
    )


def quantiles(metric: str, by: str = "") -> list[Query]:
    """Return the median, the 95 % and the 99 % quantile of a histogram."""
    return [
        Query(f"histogram_quantile({q}, sum by (le{by}) (rate({metric}_bucket{_RATE})))", name)
        for q, name in ((0.5, "half are below"), (0.95, "95 % are below"), (0.99, "99 % are below"))
    ]


def mean(metric: str, legend: str) -> Query:
    """Return the mean of a histogram."""
    return Query(f"sum(rate({metric}_sum{_RATE})) / sum(rate({metric}_count{_RATE}))", legend)


def _now() -> list[p.Panel]:
    return [
        p.stat(
            "Processes ready",
            "Share of the processes that do their work; /readyz of the others says why not.",
            Query("sum(finsurge_is_ready) / count(finsurge_is_ready)"),
            unit="percentunit", decimals=0, steps=((None, p.RED), (1, p.GREEN)),
        ).linked(runbook("FinsurgeNotReady")),
        p.stat(
            "Documents",
            "Documents a second that `read` is done with, one way or another.",
            Query(f"sum(rate(finsurge_documents_total{_RATE}))"),
            unit="suffix: /s", decimals=1, steps=((None, p.BLUE),),
        ),
        p.stat(
            "Oldest waiting record",
            "Age of the oldest record that some role has not yet processed.",
            Query("max(finsurge_lag_seconds)"),
            unit="s", decimals=0, steps=((None, p.GREEN), (60, p.ORANGE), (300, p.RED)),
        ),
        p.stat(
            "Dead letters in this time",
            "Records that could not be used, in the dashboard's time; each lies in documents.dlq with its reason.",
            Query("round(sum(increase(finsurge_dead_letters_total[$__range])))", is_instant=True),
            unit="none", steps=((None, p.GREEN), (1, p.ORANGE)),
        ),
        p.stat(
            "Alerts waiting",
            "Alerts that some receiver does not have yet.",
            Query("sum(finsurge_waiting_alerts)"),
            unit="none", steps=((None, p.GREEN), (1, p.ORANGE), (20, p.RED)),
        ),
        p.stat(
            "Device",
            "What the policy runs on, and in which precision.",
            Query(
                'max by (device, precision) (finsurge_policy_info{version!=""})',
                "{{device}} {{precision}}",
                is_instant=True,
            ),
            unit="none", is_named=True, steps=((None, p.BLUE),),
        ),
    ]  # fmt: skip


def _flow() -> list[p.Panel]:
    return [
        p.timeseries(
            "Documents by outcome",
            "Documents a second. 'from_cache' are copies of what was decided before; 'rejected' and 'undecidable' "
            "are in the dead letters.",
            Query(f"sum by (outcome) (rate(finsurge_documents_total{_RATE}))", "{{outcome}}"),
            unit="suffix: /s", is_stacked=True,
            overrides=[
                Override("decided", {"color": p.fixed(p.GREEN)}),
                Override("from_cache", {"color": p.fixed(p.BLUE)}),
                Override("rejected", {"color": p.fixed(p.ORANGE)}),
                Override("undecidable", {"color": p.fixed(p.RED)}),
            ],
        ),
        p.timeseries(
            "What becomes of them",
            "Mentions of topics that `link` sends, windows that `trends` tells, and stories in final windows.",
            Query(f"sum(rate(finsurge_mentions_total{_RATE}))", "mentions"),
            Query(f"sum(rate(finsurge_windows_total{_RATE}))", "windows"),
            Query(f"sum(rate(finsurge_stories_total{_RATE}))", "stories"),
            unit="suffix: /s", fill=0,
        ),
        p.timeseries(
            "Oldest waiting record by role",
            "Age of the oldest record that a role has not yet processed: 0 while none waits.",
            Query(f"max by (process) (finsurge_lag_seconds {_PROCESS})", "{{process}}"),
            unit="s", fill=0, steps=((None, "transparent"), (60, p.ORANGE), (300, p.RED)),
        ).linked(runbook("FinsurgeLag")),
        p.timeseries(
            "Records waiting by role",
            "Records that a role has not yet processed, over all its partitions.",
            Query(f"sum by (process) (finsurge_lag_records {_PROCESS})", "{{process}}"),
            unit="short", fill=0,
        ).linked(runbook("FinsurgeLag")),
        p.timeseries(
            "Event time behind the clock",
            "How far the slowest partition's watermark of each role lies behind the clock. In a replay it is as "
            "old as what is replayed; `surges` moves by whole windows of five minutes.",
            Query(f"time() - min by (process) (finsurge_watermark_timestamp_seconds {_PROCESS})", "{{process}}"),
            unit="s", fill=0,
        ).linked(runbook("FinsurgeWindowsOverdue")),
        p.timeseries(
            "Left out, repeated, late",
            "Records a second to the dead letters, decisions that came again, mentions that came after their "
            "window was final, and gaps in offsets that the broker has as well.",
            Query(f"sum(rate(finsurge_dead_letters_total{_RATE}))", "dead letters"),
            Query(f"sum(rate(finsurge_repeated_decisions_total{_RATE}))", "repeated decisions"),
            Query(f"sum(rate(finsurge_late_total{_RATE}))", "late mentions"),
            Query(f"sum(rate(finsurge_gaps_total{_RATE}))", "gaps"),
            unit="suffix: /s", fill=0,
        ).linked(runbook("FinsurgeDeadLetters")),
    ]  # fmt: skip


def _reading() -> list[p.Panel]:
    return [
        p.timeseries(
            "Time of the policy on a batch",
            "Seconds that the policy takes for a batch, all of it: tokens, network, decoding.",
            *quantiles("finsurge_policy_seconds"),
            unit="s", fill=0,
        ).sized(8),
        p.timeseries(
            "Wait before a batch",
            "How long a batch's oldest document waited for it. The linger timer's 20 ms are the least.",
            *quantiles("finsurge_queue_age_seconds"),
            unit="s", fill=0,
        ).sized(8),
        p.timeseries(
            "Documents in a batch",
            "Mean over the batches.",
            mean("finsurge_batch_documents", "documents"),
            unit="none", decimals=1,
        ).sized(8),
        p.timeseries(
            "Padding",
            "Share of a batch's tokens that is padding, so time for nothing.",
            mean("finsurge_batch_padding_ratio", "padding"),
            unit="percentunit", maximum=1, steps=((None, "transparent"), (0.3, p.ORANGE)),
        ).sized(8).linked(runbook("FinsurgePaddingWaste")),
        p.timeseries(
            "Busy with the policy",
            "Share of the time that a reading process spends in its policy: near 100 % it is the bottleneck.",
            Query(
                f"sum by (instance) (rate(finsurge_policy_seconds_sum{_RATE})) "
                'and on (instance) finsurge_policy_info{version!=""}',
                "{{instance}}",
            ),
            unit="percentunit", maximum=1,
        ).sized(8),
        p.timeseries(
            "Documents by language",
            "Documents a second, by the language that they were taken for.",
            Query(f"topk(6, sum by (language) (rate(finsurge_document_languages_total{_RATE})))", "{{language}}"),
            unit="suffix: /s", is_stacked=True,
        ).sized(8),
    ]  # fmt: skip


def _delivery() -> list[p.Panel]:
    return [
        p.timeseries(
            "From an alert to its receiver",
            "Seconds until a receiver has an alert, retries included, over all receivers. 30 s is what is "
            "promised for 99 of 100.",
            *quantiles("finsurge_delivery_seconds"),
            unit="s", fill=0, steps=((None, "transparent"), (30, p.RED)),
        ).sized(8),
        p.timeseries(
            "Tries by outcome",
            "Tries to deliver an alert.",
            Query(
                f"sum by (receiver, outcome) (increase(finsurge_deliveries_total{_RATE}))",
                "{{receiver}} {{outcome}}",
            ),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(8).linked(runbook("FinsurgeReceiverDown")),
        p.timeseries(
            "Alerts that a receiver does not have yet",
            "Alerts that wait, by receiver.",
            Query("sum by (receiver) (finsurge_waiting_alerts)", "{{receiver}}"),
            unit="none", fill=0, soft_maximum=1,
        ).sized(8).linked(runbook("FinsurgeReceiverDown")),
    ]  # fmt: skip


def _processes() -> list[p.Panel]:
    queries = {
        letter: Query(f"max by (job, instance{labels}) ({expr}) and on (job, instance) {_INFO}", is_instant=True)
        for letter, labels, expr in (
            ("A", ", process, version", _INFO),
            ("B", "", "finsurge_is_ready"),
            ("C", "", "time() - process_start_time_seconds"),
            ("D", "", "process_resident_memory_bytes"),
            ("E", "", "finsurge_disk_free_bytes / finsurge_disk_bytes"),
        )
    }
    columns = [
        Column("instance", "instance"),
        Column("process", "process", width=110),
        Column("version", "version", width=90),
        Column("B", "ready", width=80, mappings=[p.states((0, "no", p.RED), (1, "yes", p.GREEN))]),
        Column("C", "up for", unit="s", decimals=0, width=100),
        Column("D", "memory", unit="bytes", decimals=0, width=100),
        Column("E", "disk free", unit="percentunit", decimals=0, width=90, steps=_FREE),
    ]  # fmt: skip
    return [
        table(
            "Processes",
            "Every process of finsurge that is scraped: what it is, whether it is ready, and what it uses.",
            queries, columns, key="instance", sort="memory", labels=("process", "version"),
        ).sized(24, 9),
        p.timeseries(
            "Memory",
            "Resident memory of each process.",
            Query(f"sum by (process) (process_resident_memory_bytes {_PROCESS})", "{{process}}"),
            unit="bytes", fill=0,
        ).linked(runbook("FinsurgeRestarts")),
        p.timeseries(
            "CPU",
            "Cores that each process keeps busy.",
            Query(f"sum by (process) (rate(process_cpu_seconds_total{_RATE}) {_PROCESS})", "{{process}}"),
            unit="none", decimals=2, is_stacked=True,
        ),
    ]  # fmt: skip
