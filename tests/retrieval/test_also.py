"""An additional teacher takes part in everything by its name: this one is made for it, of seven lines."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from embed.also import KINDS
from embed.also_learning import LEARNERS, Learner, learn_also
from embed.bundle import Bundle, Draft, current, open_bundle, publish
from embed.learning import TeacherOptions
from embed.lesson import Lesson
from embed.memory import Need
from embed.record import Record
from embed.run import Run
from embed.split import held_out
from kg.columns import map_arrays
from kg.entries import Edit
from kg.triples import Ref
from ontology.errors import InputError
from retrieval.among import Among
from retrieval.answer import Query
from retrieval.evaluation import evaluate
from retrieval.features import agreed, feature_names, features, scores
from retrieval.history import EMPTY, History
from retrieval.index import index_of
from retrieval.live import LiveState
from retrieval.needs import needs
from retrieval.recommend import Recommender
from retrieval.sources import candidates, look
from retrieval.training import TrainOptions, ready, train
from retrieval.warm_start import warm_start
from service.pairs import known, tuned
from tests.embed.encoders import tiny
from tests.retrieval.test_live_items import Feed
from tests.retrieval.test_training import BOOKS, QUICK, library, with_another_future
from tests.worlds import ONTOLOGY


@dataclass(frozen=True)
class Together:
    """How many like both of two books; float32 (I, I)."""

    items: np.ndarray

    def query(self, liked, seen):
        """1 for each liked one."""
        return np.bincount(liked, minlength=len(self.items)).astype(np.float32)


@dataclass(frozen=True)
class Options(TeacherOptions):
    """With those of the new teacher: what counts once."""

    together: float = 1.0


def together(lesson, weight):
    liked = np.zeros((lesson.n_users, lesson.n_items), np.float32)
    liked[tuple(lesson.likes.T)] = weight
    return Together(liked.T @ liked)


@pytest.fixture(scope="module", autouse=True)
def _registered():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "together", Together)
        patch.setitem(LEARNERS, "together", Learner(together, lambda s, w: Need("it", "together", 7, lambda n: n)))
        yield


def with_it():
    return replace(QUICK, teachers=Options(**vars(QUICK.teachers) | {"also": ("together",)}))


@pytest.fixture(scope="module")
def draft() -> Draft:
    return train(library(), ONTOLOGY, with_it())


@pytest.fixture(scope="module")
def opened(draft: Draft, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("models")
    publish(draft, folder)
    return open_bundle(current(folder))


def lesson(kept: np.ndarray, run: Run) -> Lesson:
    return Lesson(library(), library().interactions.where(kept), run=run)


def history(*items: int) -> History:
    numbers = np.array(items, np.int32)
    return History(numbers, numbers, numbers)


def test_it_is_named_with_its_options_and_what_there_is_not_is_refused():
    options = tuned(with_it(), ["also=[]"])
    assert options.teachers.also == ()
    assert tuned(options, ["also=together"]) == tuned(options, ['also=["together"]']) == with_it()
    assert {"also", "together"} <= known(options).keys()
    with pytest.raises(InputError, match=r"no additional teacher 'apart'; there are .*together$"):
        tuned(options, ["also=together,apart"])


def test_it_learns_as_a_phase_that_is_kept_from_known_interactions_only():
    record, told, kept = Record(), [], np.arange(len(library().interactions)) % 12 < 8
    run = Run(lambda phase, done, total: told.append((phase, done, total)), record)
    learned = learn_also(lesson(kept, run), with_it().teachers)["together"]
    liked = library().interactions.where(kept & library().interactions.positive)
    assert np.trace(learned.items) == len(liked)
    assert "together" in record.phases
    assert [step for step in told if step[0] == "together"] == [("together", 0, 1), ("together", 1, 1)]


def test_what_is_no_number_is_refused():
    options = replace(with_it().teachers, together=float("inf"))
    with np.errstate(invalid="ignore"), pytest.raises(InputError, match="what together learned is not a number"):
        learn_also(lesson(np.ones(len(library().interactions), np.bool_), Run()), options)


def test_the_bundle_has_its_arrays_mapped_and_the_manifest_its_features(draft: Draft, opened: Bundle):
    learned, found = draft.teachers.also["together"], opened.teachers.also["together"]
    np.testing.assert_array_equal(found.items, learned.items)
    assert isinstance(found.items.base, np.memmap)
    assert opened.manifest["also"] == ["together"]
    assert tuple(opened.manifest["features"]) == feature_names(["together"])
    assert feature_names(["together"])[-4:-2] == ("together.standard", "together.rank")


def test_a_damaged_file_of_it_and_a_teacher_of_another_version_are_refused(draft: Draft, tmp_path: Path, monkeypatch):
    folder = tmp_path / publish(draft, tmp_path)
    monkeypatch.delitem(KINDS, "together")
    with pytest.raises(InputError, match="no additional teacher 'together'"):
        open_bundle(folder)
    monkeypatch.undo()
    (folder / "also-together.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"also-together\.safetensors is missing or damaged"):
        open_bundle(folder)


def test_without_it_nothing_of_it_is_in_a_bundle(tmp_path: Path):
    folder = tmp_path / publish(train(library(), ONTOLOGY, QUICK), tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "also" not in manifest
    assert not list(folder.glob("also-*"))
    assert tuple(manifest["features"]) == feature_names()
    assert not {name for name in map_arrays(folder / "teachers.safetensors") if "also" in name}


def test_it_is_a_source_and_a_feature_and_says_nothing_of_an_empty_history(opened: Bundle):
    teachers, one = opened.teachers, history(3, 5)
    found = look(teachers, one)
    by_it = candidates(teachers, index_of(teachers.gnn_items), one, found, 7)["together"]
    expected = teachers.also["together"].items[[3, 5]].sum(axis=0)
    assert len(by_it) == 7
    assert not {3, 5} & set(by_it.tolist())
    assert expected[by_it].tolist() == sorted(np.delete(expected, [3, 5]), reverse=True)[:7]
    items = np.arange(BOOKS)
    x = features(teachers, one, scores(teachers, found, items), items)
    assert x.shape == (BOOKS, len(feature_names(["together"])))
    standard = (expected - expected.mean()) / (expected.std() + 1e-6)
    np.testing.assert_allclose(x[:, -4], standard, rtol=1e-4, atol=1e-5)
    columns = [i for i, name in enumerate(feature_names(["together"])) if name.endswith(".standard")]
    np.testing.assert_allclose(agreed(x, ["together"]), x[:, columns].mean(axis=1), rtol=1e-4, atol=1e-6)
    assert not look(teachers, EMPTY).also["together"].any()


def test_of_a_filter_it_finds_what_may_come_back(opened: Bundle):
    teachers, one = opened.teachers, history(3)
    mask = np.zeros(BOOKS, np.bool_)
    mask[[3, 4, 9]] = True
    among = Among.of(mask, one.closed)
    found = candidates(teachers, index_of(teachers.gnn_items), one, look(teachers, one), 9, among=among)["together"]
    assert sorted(found.tolist()) == [4, 9]


def test_answers_name_it_and_new_items_are_scored_beside_it(opened: Bundle):
    feed = Feed()
    recommender = Recommender(opened, LiveState(opened, feed))
    like = Query(history=("Book3", "Book5"), n=30)
    named = {source for one in recommender.recommend(like).recommendations for source in one.sources}
    assert "together" in named
    feed.entries.append(
        Edit("", "put", Ref("Book", "new"), {"name": "new"}, {"WRITTEN_BY": [Ref("Writer", "Writer3")]})
    )
    assert "new" in {one.id for one in recommender.recommend(replace(like, n=40)).recommendations}
    assert recommender.recommend(Query(history=("new",), n=5)).recommendations


def test_it_is_a_row_of_the_table(opened: Bundle):
    rows = [row.system for row in evaluate(Recommender(opened, LiveState(opened, Feed()))).rows]
    assert rows[-2:] == ["together", "full pipeline"]


def test_it_says_what_memory_it_needs_and_the_ranker_reckons_with_it():
    plain, more = (
        {need.option: need.bytes for need in needs(library(), options.teachers, 20_000)}
        for options in (QUICK, with_it())
    )
    assert more["together"] == 7
    assert more["ranker_users"] > plain["ranker_users"]


def test_a_warm_start_goes_on_with_the_same_ones(opened: Bundle):
    options = replace(with_it(), from_bundle=opened.version)
    ready(library(), ONTOLOGY, options, opened)
    warm = train(library(), ONTOLOGY, options, Run(), opened)
    assert list(warm.teachers.also) == ["together"]
    with pytest.raises(InputError, match="a warm start keeps also=together"):
        warm_start(opened, library(), ONTOLOGY, QUICK.teachers)


def test_what_learns_what_reads_and_what_can_be_set_have_the_same_names():
    assert KINDS.keys() == LEARNERS.keys()
    for name in set(KINDS) - {"together"}:
        assert any(option.startswith(f"{name}.") for option in known(QUICK)), name


def little(folder: Path) -> TrainOptions:
    """All that there are, with little to do; a text encoder lies in the folder."""
    teachers = tuned(with_it().teachers, [f"also={','.join(KINDS)}"])
    every = {name: getattr(teachers, name) for name in set(KINDS) - {"together"}}
    few = {name: replace(part, dim=4) if hasattr(part, "dim") else part for name, part in every.items()}
    few |= {name: replace(part, epochs=1) for name, part in few.items() if hasattr(part, "epochs")}
    few["sentences"] = replace(few["sentences"], path=str(tiny(folder)))
    return replace(with_it(), teachers=replace(teachers, **few))


def test_all_that_there_are_learn_from_nothing_that_is_held_out(tmp_path: Path):
    options = little(tmp_path)
    later = held_out(library().interactions, options.split, options.holdout)
    past, other = (
        learn_also(Lesson(world, world.interactions.where(~later)), options.teachers)
        for world in (library(), with_another_future(library(), options))
    )
    assert list(past) == list(KINDS)
    for name, teacher in past.items():
        for array in vars(teacher):
            assert getattr(teacher, array).tobytes() == getattr(other[name], array).tobytes(), (name, array)


def test_all_that_there_are_come_back_from_a_bundle_and_name_what_they_find(tmp_path: Path):
    learned = train(library(), ONTOLOGY, little(tmp_path / "encoder"))
    publish(learned, tmp_path / "models")
    opened = open_bundle(current(tmp_path / "models"))
    some = np.arange(3, 9)
    for name, teacher in learned.teachers.also.items():
        found = opened.teachers.also[name]
        assert found.query(some, some).tobytes() == teacher.query(some, some).tobytes(), name
        assert not found.query(some[:0], some[:0]).any(), name
    answer = Recommender(opened, LiveState(opened, Feed())).recommend(Query(history=("Book3", "Book5"), n=30))
    assert set(KINDS) <= {source for one in answer.recommendations for source in one.sources}
