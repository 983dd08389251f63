"""The installed version of firstbyte."""


def package_version() -> str:
    """Return a version such as '0.1.0', or '0+source' if the package is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - email, zipfile and more

    try:
        return version("firstbyte")
    except PackageNotFoundError:
        return "0+source"
