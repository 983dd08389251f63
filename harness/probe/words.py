"""Puts a recording and a prediction into words, a line for each."""

from firstbyte.harness.model.prediction import Outcome, Prediction
from firstbyte.harness.model.recording import WireSeen
from firstbyte.harness.model.units import format_duration
from firstbyte.harness.model.verdict import End
from firstbyte.harness.probe.edges import Judged
from firstbyte.harness.report.words import short_time

_ENDS = {
    End.COMPLETE: "",
    End.TRUNCATED: ", broken off",
    End.RESET: ", reset",
    End.OPEN: ", never ends",
}


def answer_words(wire: WireSeen) -> str:
    """`204`, `no status, still open`."""
    status = "no status" if wire.status is None else str(wire.status)
    return status + (", still open" if wire.end is End.OPEN else _ENDS[wire.end])


def edge_words(one: Judged) -> str:
    """`504 after 60.0s, proxy-read-header 60s`, `27.0s left`, or why nobody can say."""
    prediction = one.prediction
    match prediction.outcome:
        case Outcome.PASSES:
            return _margin(prediction)
        case Outcome.CUT:
            why = _why(prediction)
            return f"{format_client_result(prediction)}{f', {why}' if why else ''}"
        case Outcome.UNKNOWN:
            if one.unsure is not None:
                return f"{format_client_result(prediction)}, or not: {one.unsure.sentence}"
            so_far = f"; until then {_margin(prediction)}" if prediction.margin is not None else ""
            return one.note or f"{prediction.cause}{so_far}"


def format_client_result(prediction: Prediction) -> str:
    """`504 after 60.0s`, `200, broken off after 90.0s`."""
    status = "no status" if prediction.status is None else str(prediction.status)
    after = "" if prediction.at is None else f" after {short_time(prediction.at)}"
    return f"{status}{_ENDS[prediction.end]}{after}"


def _margin(prediction: Prediction) -> str:
    sent = f", {prediction.requests} requests to the server" if prediction.requests > 1 else ""
    if prediction.margin is None:
        return f"no deadline ran{sent}"
    return f"{short_time(prediction.margin)} left{sent}"


def _why(prediction: Prediction) -> str:
    if prediction.timer and prediction.limit is not None:
        return f"{prediction.timer} {format_duration(prediction.limit)}"
    return prediction.cause
