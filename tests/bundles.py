"""Fixtures: workspaces in which a small catalog was loaded and trained, once per test run, by the real steps."""

import shutil
from pathlib import Path

import pytest

from embed.bundle import Bundle, current, open_bundle
from kg.workspace import Workspace
from service import ingesting, steps

CATALOGS = Path(__file__).parent / "catalogs"
MAPPINGS = {"films": Path(__file__).parent.parent / "ontology" / "movies.mapping.yaml"}


def trained(name: str, root: Path) -> Workspace:
    """Load and train a catalog of tests/catalogs in the embedded graph of a new workspace."""
    workspace = Workspace(root)
    folder = CATALOGS / name
    ingesting.load(workspace, [folder], MAPPINGS.get(name, folder / f"{name}.mapping.yaml"))
    steps.learn(workspace, steps.training_options())
    return workspace


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The films, loaded and trained. Shared by all tests: read it, do not write to it."""
    return trained("films", tmp_path_factory.mktemp("films") / "kg")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Another kind of catalog: products with brands, a category tree and prices."""
    return trained("shop", tmp_path_factory.mktemp("shop") / "kg")


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
