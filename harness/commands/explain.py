"""`firstbyte explain`: what a finding means, how it comes about, how to fix it, with sources."""

from firstbyte.harness.commands.options import ExplainOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.report.explain import text


def run(options: ExplainOptions) -> int:
    """Print the text."""
    out(text(options.finding))
    return 0
