"""Runs one role as `finsurge worker` does, with a policy that costs next to nothing; started by `stream.py`.

What a document then costs is the price of the pipeline itself.
"""

from __future__ import annotations

import os
import sys

from models.keyword import KeywordPolicy
from pipeline.app import Parts
from pipeline.roles.faust_app import Role
from pipeline.settings import load_settings
from pipeline.worker import run_role

if __name__ == "__main__":
    run_role(load_settings(os.environ), Role(sys.argv[1]), Parts(policy=lambda _settings: KeywordPolicy()))
