"""Learning: what corrections teach, what the gate says of it, and which policy serves."""

from __future__ import annotations

from deploy.grafana.source import panels as p
from deploy.grafana.source.board import Annotation, Board, Row
from deploy.grafana.source.panels import Override, Query, runbook

_RATE = "[$__rate_interval]"


def board() -> Board:
    """Return the dashboard."""
    return Board(
        "finsurge-learning",
        "finsurge / Learning",
        "From corrections to a better policy: what is waited for, how an update goes, what the gate answers, what "
        "serves.",
        rows=[
            Row("Now", _now()),
            Row("The update", _update()),
            Row("From candidate to service", _service()),
            Row("What it learns from", _evidence()),
        ],
        annotations=[
            Annotation(
                "New policy", "sum(increase(finsurge_policy_swaps_total[$__rate_interval])) > 0", p.PURPLE,
                "another policy serves", "taken over between two batches",
            ),
        ],
        since="now-24h",
    )  # fmt: skip


def _now() -> list[p.Panel]:
    return [
        p.stat(
            "Serving",
            "The policy that serves; two while a change goes round, or while workers differ.",
            Query('max by (version) (finsurge_policy_info{version!=""})', "{{version}}", is_instant=True),
            unit="none", is_named=True, steps=((None, p.PURPLE),),
        ),
        p.stat(
            "Fresh rounds",
            "Rounds that count and that no update has learned from.",
            Query("sum(finsurge_learner_fresh_rounds)"),
            unit="none", steps=((None, p.BLUE),),
        ),
        p.stat(
            "Until the next update",
            "Share of the fresh rounds with which an update begins; it also begins when a week has passed, or with a "
            "drift.",
            Query("max(finsurge_learner_fresh_rounds / finsurge_learner_wanted_rounds)"),
            unit="percentunit", decimals=0, steps=((None, p.BLUE), (1, p.GREEN)),
        ),
        p.stat(
            "Update on its way",
            "Share of its steps that is done; 0 between updates.",
            Query("max(finsurge_learner_update_step) / clamp_min(max(finsurge_learner_update_steps), 1)"),
            unit="percentunit", decimals=0, steps=((None, p.GREY), (0.001, p.GREEN)),
        ).linked(runbook("FinsurgeLearnerStuck")),
        p.stat(
            "Passed the gate in this time",
            "Candidates that the gate let pass, in the dashboard's time.",
            Query('round(sum(increase(finsurge_gate_answers_total{reason="promoted"}[$__range])))', is_instant=True),
            unit="none", steps=((None, p.GREEN),),
        ),
        p.stat(
            "Behind the release",
            "Reading processes that do not serve what they should.",
            Query("sum(finsurge_policy_is_behind)"),
            unit="none", steps=((None, p.GREEN), (1, p.RED)),
        ),
    ]  # fmt: skip


def _update() -> list[p.Panel]:
    return [
        p.timeseries(
            "Reward",
            "Mean reward of the actions that the candidate samples, in the last step of the update: 1 is all right.",
            Query("max(finsurge_learner_update_reward)", "reward"),
            unit="none", maximum=1, decimals=3,
            overrides=[Override("reward", {"color": p.fixed(p.GREEN)})],
        ).sized(8),
        p.timeseries(
            "KL to the reference policy",
            "How far the candidate has moved from the policy that it is measured against, in nats a token.",
            Query("max(finsurge_learner_update_kl)", "KL"),
            unit="none", decimals=4,
            overrides=[Override("KL", {"color": p.fixed(p.ORANGE)})],
        ).sized(8),
        p.timeseries(
            "Entropy",
            "How undecided the candidate is, in nats a token. A fall to 0 is a policy that has stopped to explore.",
            Query("max(finsurge_learner_update_entropy)", "entropy"),
            unit="none", decimals=4,
        ).sized(8),
        p.timeseries(
            "Loss",
            "Loss of the update's last step.",
            Query("max(finsurge_learner_update_loss)", "loss"),
            unit="none", decimals=4, minimum=None,
        ).sized(8),
        p.timeseries(
            "Gradient and clipping",
            "Norm of the gradient before it is clipped, and the share of tokens whose ratio was clipped.",
            Query("max(finsurge_learner_update_gradient_norm)", "gradient norm"),
            Query("max(finsurge_learner_update_clip_share)", "clipped share"),
            unit="none", decimals=3, fill=0,
        ).sized(8),
        p.timeseries(
            "Steps",
            "Steps of the update on its way that are done, and all of them.",
            Query("max(finsurge_learner_update_step)", "done"),
            Query("max(finsurge_learner_update_steps)", "of"),
            unit="none",
        ).sized(8),
    ]  # fmt: skip


def _service() -> list[p.Panel]:
    return [
        p.timeseries(
            "Which policy serves",
            "Reading processes by the version that they serve.",
            Query('count by (version) (finsurge_policy_info{version!=""})', "{{version}}"),
            unit="none", decimals=0, is_stacked=True,
        ).sized(12),
        p.timeline(
            "Trial of a candidate",
            "At which stage the candidate is: in shadow it decides and nothing counts, as a canary it serves a "
            "share, watched it serves all with the one before it in shadow.",
            Query("max by (stage) (finsurge_trial_since_timestamp_seconds) > bool 0", "{{stage}}"),
            mappings=[p.states((0, "no", p.GREY), (1, "at this stage", p.GREEN))],
            no_value="no candidate yet",
        ).sized(12),
        p.timeseries(
            "Answers of the gate",
            "What the gate said of candidates, by its reason; only 'promoted' lets one pass.",
            Query(f"sum by (reason) (increase(finsurge_gate_answers_total{_RATE}))", "{{reason}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(8).linked(runbook("FinsurgeGateRefuses")),
        p.timeseries(
            "Steps towards service, and back",
            "Shadow, canary and watch: which step was taken and why; 'fails', 'differs' and 'worse' end a trial.",
            Query(f"sum by (reason) (increase(finsurge_rollout_steps_total{_RATE}))", "{{reason}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(8),
        p.timeseries(
            "Swaps, and releases not taken",
            "Times that another policy took over in a reading process, and releases that one did not take.",
            Query(f"sum(increase(finsurge_policy_swaps_total{_RATE}))", "swaps"),
            Query(f"sum(increase(finsurge_policy_swap_failures_total{_RATE}))", "not taken"),
            unit="none", is_bars=True, decimals=1,
        ).sized(8),
        p.timeseries(
            "Decisions in shadow",
            "Documents a second that another policy decides beside the one that serves.",
            Query(f"sum by (outcome) (rate(finsurge_shadow_decisions_total{_RATE}))", "{{outcome}}"),
            unit="suffix: /s", is_stacked=True,
        ).sized(12),
        p.timeseries(
            "Updates, and what woke the learner",
            "Updates begun by reason, and those that ended without a candidate.",
            Query(f"sum by (why) (increase(finsurge_learner_updates_total{_RATE}))", "{{why}}"),
            Query(f"sum(increase(finsurge_learner_update_failures_total{_RATE}))", "without a candidate"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
        ).sized(12).linked(runbook("FinsurgeLearnerStuck")),
    ]  # fmt: skip


def _evidence() -> list[p.Panel]:
    return [
        p.timeseries(
            "Corrections that became rounds",
            "Answers of analysts by verdict. The more are 'confirm', the more often the policy was right where it "
            "was asked about.",
            Query(f"sum by (verdict) (increase(finsurge_feedback_corrections_total{_RATE}))", "{{verdict}}"),
            unit="none", is_bars=True, is_stacked=True, decimals=1,
            overrides=[
                Override("confirm", {"color": p.fixed(p.GREEN)}),
                Override("correct", {"color": p.fixed(p.ORANGE)}),
                Override("reject", {"color": p.fixed(p.RED)}),
            ],
        ).sized(8),
        p.timeseries(
            "Fresh rounds, and whether they count",
            "Rounds that no update has learned from: 'counted', or why not.",
            Query("sum by (reason) (finsurge_learner_guarded_rounds)", "{{reason}}"),
            unit="none", is_stacked=True,
        ).sized(8),
        p.timeseries(
            "Drift",
            "How far the last week's mean of what is read lies from the usual, in usual deviations, once some "
            "weeks were read; and lasting changes that were found.",
            Query("max by (what) (finsurge_drift_deviations)", "{{what}}"),
            Query(f"sum(increase(finsurge_drift_detected_total{_RATE}))", "changes found"),
            unit="none", minimum=None, soft_maximum=1, decimals=1, fill=0,
        ).sized(8).linked(runbook("FinsurgeDrift")),
    ]  # fmt: skip
