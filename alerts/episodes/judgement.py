"""What a rule makes of evidence: the detector measures, a topic's rule says what is enough.

The detector's evidence says what it would be by default; here the topic's own thresholds take their place.
"""

from __future__ import annotations

import msgspec

from alerts.rules.rule import Rule
from alerts.surges.evidence import Evidence, SurgeReason
from alerts.surges.surge_config import SurgeConfig

_BEYOND_RULES = frozenset({SurgeReason.QUIET, SurgeReason.TOO_LITTLE_HISTORY, SurgeReason.CORRECTED})


def judged(evidence: Evidence, rule: Rule, config: SurgeConfig) -> Evidence:
    """Return the evidence as a topic's rule sees it: whether it is a surge, whether it is still raised, and why.

    Args:
        evidence: as the detector gave it.
        rule: the topic's.
        config: thresholds that no rule changes.
    """
    reason = evidence.reason
    if not rule.is_on:
        reason = SurgeReason.RULE_OFF
    elif reason not in _BEYOND_RULES:
        reason = _reason(evidence, rule, config)
    keep_return_period_s = min(config.keep_return_period_s, rule.return_period_s)
    is_over = reason is SurgeReason.SURGE
    is_raised = evidence.return_period_s >= keep_return_period_s and evidence.p_share <= config.keep_p_share
    return msgspec.structs.replace(
        evidence,
        reason=reason,
        is_over=is_over,
        is_raised=rule.is_on and (is_over or is_raised) and reason is not SurgeReason.CORRECTED,
    )


def _reason(evidence: Evidence, rule: Rule, config: SurgeConfig) -> SurgeReason:
    is_public = evidence.n_sources >= rule.min_sources or evidence.n_posts >= rule.min_posts
    if evidence.n_negative < rule.min_negative or not is_public:
        return SurgeReason.BELOW_SUPPORT
    if evidence.return_period_s < rule.return_period_s or evidence.p_volume > config.max_p_volume:
        return SurgeReason.VOLUME_NOT_RAISED
    if evidence.p_share > config.max_p_share:
        return SurgeReason.SHARE_NOT_RAISED
    return SurgeReason.SURGE
