"""The installed version of firstbyte."""

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """Such as '0.1.0'; '0+source' when only the source is there."""
    try:
        return version("firstbyte")
    except PackageNotFoundError:
        return "0+source"
