"""Every setting of finsurge: what there is, where each value comes from, what is shown of it.

Read once from the command line, the environment and a file, and checked at the start.
"""

from pipeline.settings.loading import LoadedSettings, load_settings, load_with_sources
from pipeline.settings.setting import Group, Setting, SettingsInvalid
from pipeline.settings.settings import Settings, all_settings
from pipeline.settings.sources import Source, SourceKind, child_environment, to_environment
from pipeline.settings.view import NOT_SHOWN, described, shown

__all__ = [
    "NOT_SHOWN",
    "Group",
    "LoadedSettings",
    "Setting",
    "Settings",
    "SettingsInvalid",
    "Source",
    "SourceKind",
    "all_settings",
    "child_environment",
    "described",
    "load_settings",
    "load_with_sources",
    "shown",
    "to_environment",
]
