import hashlib
import json
import shutil
import subprocess
import sys
import warnings

import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.transfer.fetching.cache import hub_entry
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model

QUERY = "tf-hub-format=compressed"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def cache_files(root):
    """Names in the cache."""
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


@pytest.fixture
def handle(server, hub_root, reply, tf2_archive):
    """The handle of a model on the server, which insists on the protocol's query."""
    return server.add("/google/gan/1", reply(tf2_archive, query=QUERY))


# ---- local folders and archives


def test_local_folder_is_used_where_it_is(tf2_folder, tmp_path, hub_root, only_loopback):
    shutil.copytree(tf2_folder, tmp_path / "nest" / "3")
    assert fetch_saved_model(tf2_folder) == tf2_folder
    assert fetch_saved_model(str(tmp_path / "nest")) == tmp_path / "nest" / "3"
    assert fetch_saved_model(tf2_folder / "saved_model.pb", offline=True) == tf2_folder
    assert cache_files(hub_root) == []


def test_local_folder_that_is_not_whole_is_refused(tf2_folder, tmp_path):
    shutil.copytree(tf2_folder, tmp_path / "m")
    (tmp_path / "m" / "variables" / "variables.index").unlink()
    with pytest.raises(UserFileError, match=r"variables\.index is missing\. Copy or export it again"):
        fetch_saved_model(tmp_path / "m")


@pytest.mark.parametrize("suffix", [".tar.gz", ".TGZ", ".tar"])
@pytest.mark.parametrize("prefix", ["", "model/", "model/2/"])
def test_local_archive_is_unpacked_once(tf1_folder, tmp_path, hub_root, pack, suffix, prefix):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(pack(tf1_folder, prefix, compress=suffix != ".tar"))
    model = fetch_saved_model(path, sha256=sha256(path.read_bytes()))
    assert tf.saved_model.load(str(model)).signatures["serving_default"](x=tf.constant([2.0]))["y"].numpy() == [4.0]
    before = model.stat().st_ino
    assert fetch_saved_model(path).stat().st_ino == before
    assert tmp_path / "ktg" in model.parents and cache_files(hub_root) == []
    assert sorted(p.name for p in model.parent.iterdir())[1:] == [
        f"{model.name}.descriptor.txt",
        f"{model.name}.ktg.json",
    ]


def test_altered_copy_of_a_local_archive_is_unpacked_again(tf2_archive, tmp_path, hub_root):
    path = tmp_path / "m.tar.gz"
    path.write_bytes(tf2_archive)
    model = fetch_saved_model(path)
    (model / "saved_model.pb").write_bytes(b"evil")
    assert fetch_saved_model(path) == model and (model / "saved_model.pb").read_bytes() != b"evil"


def test_wrong_digest_of_a_local_archive(tf2_archive, tmp_path, hub_root):
    (tmp_path / "m.tar.gz").write_bytes(tf2_archive)
    with pytest.raises(UserFileError, match=rf"the SHA-256 {'0' * 64}, but it has {sha256(tf2_archive)}.*--sha256"):
        fetch_saved_model(tmp_path / "m.tar.gz", sha256="0" * 64)
    assert not (tmp_path / "ktg").exists()


def test_archive_without_a_model_leaves_nothing(tmp_path, hub_root, pack):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text("x")
    (tmp_path / "m.tar").write_bytes(pack(tmp_path / "docs", compress=False))
    with pytest.raises(UserFileError, match=r"must be a SavedModel.*It holds README\.md"):
        fetch_saved_model(tmp_path / "m.tar")
    assert list((tmp_path / "ktg" / "saved_models").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "a path or an address"),
        (None, "a path or an address"),
        (7, "a path or an address"),
        ("gs://bucket/model", "an http.s. address as text.*Download it with the tool of its store"),
        ("file:///tmp/model", "an http.s. address as text"),
        ("nowhere/at/all", "an existing SavedModel.*There is nothing at /"),
        ("tfhub.dev/google/progan-128/1", r"Did you mean https://tfhub\.dev/google/progan-128/1\?"),
        ("https:///x", "this is no valid address"),
        ("https://user:word@models.example/x", "this is no valid address.*without a password"),
        ("https://models.example/a b", "this is no valid address"),
        ("http://[x", "this is no valid address"),
    ],
)
def test_other_sources_are_refused(source, words, hub_root, only_loopback):
    with pytest.raises((UserError, UserFileError), match=f"`source` must be .*{words}"):
        fetch_saved_model(source)
    assert not hub_root.exists()


def test_other_files_are_refused(tmp_path):
    (tmp_path / "gan.keras").write_bytes(b"PK\x03\x04")
    with pytest.raises(UserFileError, match=r"a folder with saved_model\.pb, or an archive.*load_gan"):
        fetch_saved_model(tmp_path / "gan.keras")


def test_digest_is_for_archives(tf2_folder):
    with pytest.raises(UserError, match="`sha256` must be given for archives alone"):
        fetch_saved_model(tf2_folder, sha256="0" * 64)


# ---- handles: the protocol and the cache of tensorflow-hub


def test_handle_is_fetched_once_and_recorded(handle, server, hub_root, tf2_archive):
    seen = []
    model = fetch_saved_model(handle, progress=lambda *at: seen.append(at))
    assert tf.saved_model.load(str(model))(tf.constant([2.0])).numpy() == [6.0]
    assert seen[-1] == (len(tf2_archive), len(tf2_archive))
    key = hashlib.sha1(handle.encode()).hexdigest()
    assert model == hub_root / key and cache_files(hub_root) == [key, f"{key}.descriptor.txt", f"{key}.ktg.json"]
    record = json.loads((hub_root / f"{key}.ktg.json").read_text())
    assert (record["handle"], record["url"]) == (handle, handle)
    assert (record["sha256"], record["size"]) == (sha256(tf2_archive), len(tf2_archive))
    assert fetch_saved_model(handle, sha256=f"SHA256:{sha256(tf2_archive).upper()}", offline=True) == model
    assert len(server.requests) == 1


@pytest.fixture(scope="module")
def hub():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which warns of its end
        import tensorflow_hub
    return tensorflow_hub


def test_hub_loads_what_we_fetched(hub, handle, server, hub_root):
    fetch_saved_model(handle)
    assert hub.load(handle)(tf.constant([2.0])).numpy() == [6.0]
    assert len(server.requests) == 1


def test_we_use_what_hub_fetched(hub, handle, server, hub_root):
    path = hub.resolve(handle)
    assert str(fetch_saved_model(handle)) == path
    assert [query for _, query, _ in server.requests] == [QUERY]
    record = hub_entry(handle).read_record()
    assert (record.sha256, record.url) == (None, None) and len(record.files) == 64
    assert fetch_saved_model(handle, offline=True) == hub_entry(handle).folder


@pytest.mark.parametrize("tail", ["", "?lang=en&x=%2F", "#top", f"?{QUERY}"])
def test_query_is_the_one_that_hub_sends(hub, server, hub_root, reply, tf2_archive, tail):
    address = server.add("/google/gan/1", reply(tf2_archive)) + tail
    fetch_saved_model(address)
    shutil.rmtree(hub_root)
    if QUERY not in tail:  # hub would send it twice
        hub.resolve(address)
        assert server.requests[0][:2] == server.requests[1][:2]
    assert server.requests[0][1].split("&").count(QUERY) == 1


def test_archive_by_its_address_is_asked_for_as_it_stands(server, hub_root, reply, tf1_folder, pack):
    signed = server.add("/store/m.tar.gz", reply(pack(tf1_folder, "m/"), query="signature=1")) + "?signature=1"
    model = fetch_saved_model(signed)
    assert (model / "saved_model.pb").is_file() and model == hub_entry(signed).folder
    assert "signature" not in hub_entry(signed).read_record().url


def test_redirect_to_a_store_is_followed(server, hub_root, reply, tf2_archive):
    store = server.add("/store/1.tar.gz", reply(tf2_archive))
    handle = server.add("/models/a/b", reply(status=302, headers={"Location": f"{store}?sig=secret"}))
    assert fetch_saved_model(handle) == hub_entry(handle).folder
    assert hub_entry(handle).read_record().url == store


@pytest.mark.parametrize("place", ["", "1", "model/2"])
def test_seeded_cache_is_used_without_a_request(hub_root, tf2_folder, only_loopback, place):
    handle = "https://tfhub.dev/google/progan-128/1"
    shutil.copytree(tf2_folder, hub_entry(handle).folder / place)
    assert fetch_saved_model(handle) == hub_entry(handle).folder / place
    assert hub_entry(handle).read_record().sha256 is None
    with pytest.raises(UserFileError, match="whose archive is known, .* was put there by another program"):
        fetch_saved_model(handle, sha256="0" * 64)


def test_read_only_cache_is_used_without_a_record(hub_root, tf2_folder, only_loopback, monkeypatch):
    handle = "https://tfhub.dev/google/progan-128/1"
    shutil.copytree(tf2_folder, hub_entry(handle).folder)

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("keras_transfer_gen.files.write_json", refuse)
    assert fetch_saved_model(handle) == hub_entry(handle).folder


def test_altered_model_is_refused_until_it_is_deleted(handle, server, hub_root):
    model = fetch_saved_model(handle)
    for name in ("saved_model.pb", "variables/variables.index"):
        (model / name).write_bytes(b"evil")
        for offline in (True, False):
            with pytest.raises(UserFileError, match=r"were altered since.*Delete .* to fetch the model again"):
                fetch_saved_model(handle, offline=offline)
        shutil.rmtree(model)
        assert fetch_saved_model(handle) == model
    (model / "saved_model.pb").unlink()
    with pytest.raises(UserFileError, match="were altered since"):
        fetch_saved_model(handle)


def test_broken_model_that_hub_left_is_fetched_again(hub, server, hub_root, reply, pack, tf2_folder, tf2_archive):
    broken = pack(tf2_folder, leave_out=("variables/variables.index",))
    handle = server.add("/gan", reply(broken), reply(tf2_archive))
    with pytest.raises((OSError, tf.errors.OpError), match="Failed to find any matching files"):
        hub.load(handle)
    with pytest.raises(UserFileError, match=r"variables\.index is missing\. Delete .* to fetch it again"):
        fetch_saved_model(handle, offline=True)
    assert tf.saved_model.load(str(fetch_saved_model(handle)))(tf.constant([1.0])).numpy() == [3.0]


# ---- digests


def test_wrong_digest_leaves_nothing(handle, hub_root, tf2_archive):
    with pytest.raises(
        UserFileError, match=rf"the SHA-256 {'0' * 64}, but it has {sha256(tf2_archive)}.*Do not use it"
    ):
        fetch_saved_model(handle, sha256="0" * 64)
    assert cache_files(hub_root) == []
    assert fetch_saved_model(handle, sha256=sha256(tf2_archive)).is_dir()
    with pytest.raises(UserFileError, match=rf"the SHA-256 {'1' * 64}, but it has .*Correct sha256="):
        fetch_saved_model(handle, sha256="1" * 64)


def test_later_downloads_must_bring_the_same_model(server, hub_root, reply, tf2_archive, tf2_folder, tf1_folder, pack):
    other, repacked = pack(tf1_folder), pack(tf2_folder, "again/")
    handle = server.add("/gan", reply(tf2_archive), reply(repacked), reply(other))
    for _ in range(2):  # the same archive, then the same files in another one
        shutil.rmtree(fetch_saved_model(handle))
    with pytest.raises(UserFileError, match=r"the model that it gave on 20.*, but it is another.*sha256="):
        fetch_saved_model(handle)
    assert not hub_entry(handle).folder.exists()
    assert fetch_saved_model(handle, sha256=sha256(other)).is_dir()
    assert hub_entry(handle).read_record().sha256 == sha256(other)


# ---- offline


@pytest.mark.parametrize("variable", [True, False])
def test_offline_never_asks(handle, server, hub_root, monkeypatch, variable):
    if variable:
        monkeypatch.setenv("KTG_OFFLINE", "1")
    with pytest.raises(
        UserFileError, match=rf"requests are switched off.*put the unpacked model into {hub_root}.*KTG_OFFLINE"
    ):
        fetch_saved_model(handle, offline=None if variable else True)
    assert server.requests == [] and not hub_root.exists()
    assert fetch_saved_model(handle, offline=False).is_dir()


def test_offline_is_off_where_the_variable_says_no(handle, hub_root, monkeypatch):
    monkeypatch.setenv("KTG_OFFLINE", "0")
    assert fetch_saved_model(handle).is_dir()


def test_open_addresses_need_a_digest_before_anything_is_asked(hub_root, only_loopback, tf2_folder, tf2_archive):
    address = "http://models.example/gan.tar.gz"
    with pytest.raises(UserFileError, match="could alter what comes by http. Give its https address, or the digest"):
        fetch_saved_model(address)
    with pytest.raises(AssertionError, match="models.example"):  # with it the server is asked, which this test forbids
        fetch_saved_model(address, sha256=sha256(tf2_archive))
    shutil.copytree(tf2_folder, hub_entry(address).folder)
    assert fetch_saved_model(address).is_dir()


def test_nothing_heavy_is_imported():
    code = (
        "import sys; import keras_transfer_gen.transfer.fetching.fetch\n"
        "print({'tensorflow', 'tensorflow_hub', 'numpy', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
