"""Licences of what is installed with Scoville: core dependencies, theirs, and the libraries that their wheels bring.

A wheel may bundle what its own licence does not show: one that bound Tesseract brought JBIG-KIT (GPL).
"""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ACCEPTED = {
    "0BSD", "3-Clause BSD License", "Apache License, Version 2.0", "Apache Software License", "Apache-2.0",
    "BSD License", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause, Apache-2.0, dependency licenses", "CC0-1.0",
    "CNRI-Python", "MIT", "MIT License", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib",
}  # fmt: skip
"""As packages write them; all are permissive."""
WEAK_COPYLEFT = {"certifi", "tqdm"}
"""Under the MPL 2.0, file by file: used as they are."""
BUNDLED = {
    "numpy": {
        "libgfortran": "GPL-3.0 with the runtime library exception", "libquadmath": "LGPL-2.1, linked dynamically",
        "libscipy_openblas64_": "BSD-3-Clause",
    },
    "pillow": {
        "libXau": "MIT", "libxcb": "MIT", "libavif": "BSD-2-Clause", "libbrotlicommon": "MIT", "libbrotlidec": "MIT",
        "libfreetype": "FTL", "libharfbuzz": "MIT", "libjpeg": "IJG and BSD-3-Clause", "liblcms2": "MIT",
        "liblzma": "0BSD", "libopenjp2": "BSD-2-Clause", "libpng16": "libpng-2.0", "libtiff": "libtiff",
        "libsharpyuv": "BSD-3-Clause", "libwebp": "BSD-3-Clause", "libwebpdemux": "BSD-3-Clause",
        "libwebpmux": "BSD-3-Clause", "libzstd": "BSD-3-Clause",
    },
}  # fmt: skip
"""What lies in the ``.libs`` folders that tools for wheels make of the libraries of a build machine, as reviewed."""


def core() -> dict[str, Distribution]:
    """Give what the core dependencies come down to on this machine, by name."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[tuple[str, str], Distribution] = {}
    waiting = [Requirement(line) for line in project["dependencies"]]
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            key = canonicalize_name(requirement.name), extra
            if key in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
                continue
            found[key] = distribution(requirement.name)
            needed = map(Requirement, found[key].requires or ())
            waiting += (need for need in needed if need.marker is None or need.marker.evaluate({"extra": extra}))
    return {name: package for (name, _), package in sorted(found.items())}


def licence(package: Distribution) -> str:
    said = package.metadata
    classifiers = [line.split(" :: ")[-1] for line in said.get_all("Classifier") or () if line.startswith("License")]
    return said.get("License-Expression") or "; ".join(classifiers) or (said.get("License") or "").split("\n")[0]


def bundled(package: Distribution) -> Iterator[str]:
    """Name the libraries in a wheel's ``.libs`` folder, without version and hash."""
    for file in package.files or ():
        if file.parts[0].endswith(".libs") and ".so" in file.name:
            yield re.sub(r"(?:-[0-9a-f]{8}\b.*|\.so.*)$", "", file.name)


CORE = core()


def unreviewed(name: str, package: Distribution) -> list[str]:
    """Give what stands against a package: a licence that was not accepted, a library that was not reviewed."""
    said = set(re.split(r"; | AND | OR ", licence(package)))
    strange = set[str]() if name in WEAK_COPYLEFT else said - ACCEPTED
    return sorted(strange) + sorted(set(bundled(package)) - BUNDLED.get(name, {}).keys())


@pytest.mark.parametrize("name", CORE)
def test_a_core_dependency_and_what_its_wheel_bundles_have_known_licences(name: str) -> None:
    assert unreviewed(name, CORE[name]) == []


def test_the_check_sees_a_licence_and_a_bundled_library() -> None:
    assert {"numpy", "pillow", "pydantic-core", "lxml"} <= CORE.keys()
    assert set(bundled(CORE["numpy"])) == BUNDLED["numpy"].keys()
    assert unreviewed("somebody", CORE["numpy"]) == sorted(BUNDLED["numpy"])
    assert unreviewed("somebody", CORE["certifi"]) == ["Mozilla Public License 2.0 (MPL 2.0)"]
