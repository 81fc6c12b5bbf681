"""The version of this distribution, as installed."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "pin-engrave"


def tool_version() -> str:
    """The installed version. A checkout that was never installed says ``0+uninstalled``."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+uninstalled"
