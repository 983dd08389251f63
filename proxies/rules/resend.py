"""Decides whether a request that failed is sent to the origin again."""

from firstbyte.harness.model.profile import Profile, Resend, ResendCause


def rule_for(profile: Profile, method: str, cause: ResendCause, status: int = 0) -> Resend | None:
    """The first rule of the profile for this method and cause.

    `status` matters for ResendCause.STATUS only.
    """
    for rule in profile.resend:
        if cause not in rule.causes or method not in rule.methods:
            continue
        if cause is ResendCause.STATUS and status not in rule.statuses:
            continue
        return rule
    return None


def may_need_body(profile: Profile, method: str) -> bool:
    """Whether the body of such a request has to be kept for a while."""
    return any(rule.body and method in rule.methods for rule in profile.resend)
