"""The installed version of firstbyte."""


def package_version() -> str:
    """Such as '0.1.0'; '0+source' when only the source is there."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - email, zipfile and more

    try:
        return version("firstbyte")
    except PackageNotFoundError:
        return "0+source"
