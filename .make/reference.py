"""The reference pages of the documentation, made from the code and the data when the site is built.

A hook of MkDocs: none of these pages is a file, so none can be stale.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

from firstbyte.harness.cli import COMMANDS, DELEGATED, build_parser
from firstbyte.harness.commands.schema import TYPES, encoded, schema_of
from firstbyte.harness.files.loader import LoadedProfile, load_profile, profile_names
from firstbyte.harness.findings.catalogue import Finding, load_findings
from firstbyte.harness.model.units import format_duration
from firstbyte.proxies.program.arguments import build_parser as edge_parser
from firstbyte.reference_server.arguments import parser as serve_parser

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

INTRODUCTION = {
    "scenario": "A scenario file is a suite: claims, each with origin, script and expectations.",
    "shape": "A wire shape is what an origin puts on the wire and when, as steps.",
    "profile": "A profile is one edge product: timers, answers, policies, and the source of each value.",
    "adapter": "An adapter says where things are on a page, and how to ask its server what it has.",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages and the schemas."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - only where a site is built

    for name, content in (*pages().items(), *schemas().items()):
        files.append(File.generated(config, f"reference/{name}", content=content))
    return files


def pages() -> dict[str, str]:
    """Every reference page, by file name."""
    made = {"commands": commands(), "findings": findings(), "edges": edges(), "results": results()}
    made |= {name: keys(name) for name in TYPES}
    return {f"{name}.md": "\n".join(lines) + "\n" for name, lines in made.items()}


def schemas() -> dict[str, str]:
    """The JSON Schemas as files of the site."""
    return {f"{name}.schema.json": encoded(name).decode() for name in TYPES}


def commands() -> Iterator[str]:
    """Each command with its options, as it tells them itself."""
    yield "# Commands"
    yield ""
    yield "Exit codes: 0 as expected, 1 a subject failed, 2 your input, 3 this machine, 4 our bug."
    for name, summary in COMMANDS.items():
        yield from ("", f"## firstbyte {name}", "", f"{summary[0].upper()}{summary[1:]}.", "", "```text")
        yield help_of(name).rstrip()
        yield "```"


def help_of(name: str) -> str:
    """What `firstbyte NAME --help` says, 100 columns wide."""
    parser = (
        {"edge": edge_parser, "serve": serve_parser}[name]() if name in DELEGATED else build_parser([name])
    )
    if name in DELEGATED:
        return parser.format_help()
    heard = io.StringIO()
    with redirect_stdout(heard), suppress(SystemExit):
        parser.parse_args([name, "--help"])
    return heard.getvalue()


def keys(name: str) -> Iterator[str]:
    """All tables of one kind of file."""
    schema = schema_of(name)
    yield f"# Keys of a {name} file"
    yield ""
    yield f"{INTRODUCTION[name]} JSON Schema: [{name}.schema.json]({name}.schema.json)."
    for title, part in schema["$defs"].items():
        yield from (
            "",
            f"## {title}",
            "",
            plain(part["description"]),
            "",
            "| key | | default | is |",
            "|---|---|---|---|",
        )
        for key, field in part["properties"].items():
            need = "required" if key in part["required"] else ""
            default = f"`{field['default']}`" if field.get("default") not in (None, "", [], {}) else ""
            yield f"| `{key}` | {need} | {cell(default)} | {cell(kind_of(field))} |"


def kind_of(field: dict[str, Any]) -> str:
    """What a value is, in words and links."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(kind_of(one) for one in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return f"always `{field['const']}`"
    if field.get("type") == "array":
        return f"list of {kind_of(field['items'])}" if "items" in field else "a pair of texts"
    if field.get("type") == "object":
        return f"table of {kind_of(field['additionalProperties'])}"
    if "pattern" in field:
        return "duration"
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "null": "nothing",
    }
    return names.get(field.get("type", ""), "anything")


def findings() -> Iterator[str]:
    """Each finding with meaning, cause, cures and sources."""
    yield "# Findings"
    yield ""
    yield "bug: somebody is told something false. risk: one more event, and somebody is. note: harms nobody."
    for one in load_findings():
        yield from finding(one)


def finding(one: Finding) -> Iterator[str]:
    """One of them."""
    yield from ("", f"## {one.id}", "", f"**{plain(one.title)}** ({one.level})", "", plain(one.meaning), "")
    yield f"*How it comes about.* {plain(one.cause)}"
    if one.cures:
        yield from ("", "*What helps:*", "", *(f"* {plain(cure)}" for cure in one.cures))
    told = (said(source.url, source.note, f"({source.date})") for source in one.sources)
    yield from ("", "*Sources:* " + "; ".join(told))


def listed(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def said(url: str, *parts: str) -> str:
    """An address and what is said beside it."""
    return plain(" ".join(part for part in (f"<{url}>" if url else "", *parts) if part))


def edges() -> Iterator[str]:
    """Each edge with its timers and where its values come from."""
    yield "# Edges"
    for name in profile_names():
        yield from edge(load_profile(name))


def edge(loaded: LoadedProfile) -> Iterator[str]:
    """One of them."""
    profile, evidence = loaded.profile, loaded.evidence
    yield from ("", f"## {profile.id}", "", plain(f"{profile.title}. {profile.summary}"))
    if profile.timers:
        yield from ("", "| timer | limit | starts on | set back by | stops on |", "|---|---|---|---|---|")
    for timer in profile.timers:
        limit = "none" if timer.limit is None else format_duration(timer.limit)
        resets, stops = ", ".join(timer.reset_by), ", ".join(timer.stops_on)
        yield f"| {timer.name} | {limit} | {timer.starts_on} | {resets} | {stops} |"
    yield from ("", "| how known | when | where | keys |", "|---|---|---|---|")
    for source in evidence.sources:
        where, covers = said(source.url, source.version, source.note), listed(source.keys)
        yield f"| {source.kind} | {source.date} | {cell(where)} | {covers} |"
    if evidence.unknown:
        yield from ("", f"Nobody could confirm: {listed(one.key for one in evidence.unknown)}.")


RESULTS = {
    "run, reproduce": (
        "runs",
        "scenario, edge, mode, outcome, verdict, belief, effects, requests, client, fired, ledger, findings, "
        "timeline, digest",
    ),
    "grid": ("cells", "shape, product, product_version, emulated, real, agree, listed_reason"),
    "fixes": ("cells", "fix, edge, result, evidence"),
    "sendstate": ("rules", "id, level, claim, result, detail, artefacts"),
    "diff": ("changes", "name, direction, fields"),
}  # fmt: skip


def results() -> Iterator[str]:
    """The JSON that `--json` writes."""
    yield from ("# Results as JSON", "")
    yield "`--json FILE` writes one document, `--json -` writes it to standard output alone. `schema` is 1;"
    yield "it changes when a key changes its meaning; new keys may come at any time. Seconds are simulated or"
    yield "scaled back."
    yield from ("", "| command | entries | each has |", "|---|---|---|")
    for name, (entries, has) in RESULTS.items():
        yield f"| `{name}` | `{entries}` | {has} |"


def plain(text: str) -> str:
    """Text of the data as one line of Markdown."""
    return " ".join(text.split()).replace("{", "&#123;").replace("<script", "&lt;script")


def cell(text: str) -> str:
    """The same inside a table."""
    return text.replace("|", "\\|")
