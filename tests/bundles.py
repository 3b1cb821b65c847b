"""Fixtures: workspaces in which a small catalog was loaded and trained, once, by the real steps."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from embed.bundle import Bundle, current, open_bundle
from kg.workspace import Workspace
from service import ingesting, steps

CATALOGS = Path(__file__).parent / "catalogs"
MAPPINGS = {"films": Path(__file__).parent.parent / "ontology" / "movies.mapping.yaml"}


def trained(name: str, scratch: pytest.TempPathFactory) -> Workspace:
    """A new workspace, in whose embedded graph a catalog of tests/catalogs was loaded, and trained.

    That is done by one of the processes that share the tests; each has a copy.
    """
    shared = scratch.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    first, ready = Workspace(shared / f"{name}-trained"), shared / f"{name}-ready"
    with (shared / f"{name}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder = CATALOGS / name
            ingesting.load(first, [folder], MAPPINGS.get(name, folder / f"{name}.mapping.yaml"))
            steps.learn(first, steps.training_options())
            ready.touch()
    return Workspace(shutil.copytree(first.root, scratch.mktemp(name) / "kg", symlinks=True))


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The films, loaded and trained. Shared by all tests: read it, do not write to it."""
    return trained("films", tmp_path_factory)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Another kind of catalog: products with brands, a category tree and prices."""
    return trained("shop", tmp_path_factory)


@pytest.fixture
def workspace(films: Workspace, tmp_path: Path) -> Workspace:
    """A workspace of one's own that serves the films' bundle; its journal is empty."""
    copy = Workspace(tmp_path / "kg")
    shutil.copytree(films.models, copy.models, symlinks=True)
    shutil.copytree(films.runs, copy.runs)
    shutil.copy(films.ontology, copy.ontology)
    return copy


@pytest.fixture
def bundle(films: Workspace) -> Bundle:
    """The films' bundle, opened."""
    return open_bundle(current(films.models))
