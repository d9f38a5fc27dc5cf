import sys

import pytest

from keras_transfer_gen.checks import UserImportError
from keras_transfer_gen.recipes.gallery import app as gallery
from keras_transfer_gen.recipes.gallery.app import Access, build_app, import_server

pytest.importorskip("flask", reason="the extra `serve` brings Flask")
TOKEN = "0123456789abcdef"
OPEN, CLOSED = Access("127.0.0.1", 8000), Access("0.0.0.0", 8000, TOKEN)


@pytest.fixture
def client(models):
    """Function: `Access` -> a client of the gallery, on this machine or, where that is closed, on another one."""

    def build(where=OPEN):
        client = build_app(models, where).test_client()
        client.environ_base["REMOTE_ADDR"] = "127.0.0.1" if where is OPEN else "9.9.9.9"
        client.application.config["SERVER_NAME"] = "127.0.0.1:8000"
        return client

    return build


def test_the_page_and_its_files_are_there(client):
    for address in gallery.PAGE:
        answer = client().get(address)
        assert answer.status_code == 200 and answer.content_type == gallery.PAGE[address][1]
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert b"http" not in gallery.read_page("gallery.html") + gallery.read_page("gallery.js")


def test_models_are_described(client):
    first, second = client().get("/api/runs").json
    assert (first["name"], first["classes"], first["is_run"]) == ("cats", ["tabby", "black"], True)
    assert (second["classes"], second["truncation"], second["is_run"]) == ([], 0.5, False)


def test_images_cards_files_and_zips_are_given(client, models):
    here = client()
    answer = here.get("/api/runs/0/images/7/35.png?label=black&truncation=1")
    assert answer.data == models[0].png(models[0].key(7, 35, 1, 1.0)) and answer.mimetype == "image/png"
    assert here.get("/api/runs/0/card").text == "# Cats\n"
    assert here.get("/api/runs/0/files/samples/a.png").data == b"png"
    answer = here.post("/api/zip", json={"picks": [{"seed": 0, "number": 0}]})
    assert answer.data[:2] == b"PK" and "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/api/runs/0/images/-1/0.png", 400, "`seed` must be an integer from 0"),
        ("/api/runs/0/images/1.5/0.png", 400, "`seed` must be"),
        (f"/api/runs/0/images/{'9' * 5000}/0.png", 400, "`seed` must be"),
        ("/api/runs/0/images/0/-1.png", 400, "`number` must be"),
        ("/api/runs/0/images/0/0.png?label=2", 400, "`label` must be an integer from 0 to 1"),
        ("/api/runs/0/images/0/0.png?label=lion", 400, "`label` must be one of 'tabby', 'black'"),
        ("/api/runs/1/images/0/0.png?label=0", 400, "`label` must be left out"),
        ("/api/runs/0/images/0/0.png?truncation=nan", 400, "`truncation` must be"),
        ("/api/runs/0/images/0/0.png?truncation=x", 400, "`truncation` must be"),
        ("/api/runs/2/images/0/0.png", 404, "There is no run 2; there are 2"),
        ("/api/runs/-1/card", 404, "There is no run -1"),
        ("/api/runs/0/files/../secret.json", 403, "leads out of the RUN"),
        ("/api/runs/0/files/..%2fsecret.json", 403, "leads out of the RUN"),
        ("/api/runs/0/files/%2e%2e/secret.json", 403, "leads out of the RUN"),
        ("/api/runs/0/files/link.json", 403, "leads out of the RUN"),
        ("/api/runs/0/files/model.keras", 404, "not shown"),
        ("/nowhere", 404, "not found"),
    ],
)
def test_wrong_addresses_get_a_clear_answer(client, path, status, text):
    answer = client().get(path)
    assert answer.status_code == status and text in answer.json["error"]


def test_wrong_bodies_get_a_clear_answer(client):
    here = client()
    for body in (b"", b"{", b"[]", b'{"picks": []}'):
        answer = here.post("/api/zip", data=body, content_type="application/json")
        assert answer.status_code == 400 and "a list of 1 to" in answer.json["error"]
    assert here.post("/api/zip", data=b"0" * (gallery.MOST_BODY + 1)).status_code in (400, 413)
    assert here.post("/api/runs").status_code == 405


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("http://evil.example:8000", {}),
        ("http://127.0.0.1:8001", {}),
        ("http://127.0.0.1:8000", {"Origin": "http://evil.example"}),
        ("http://127.0.0.1:8000", {"Origin": "null"}),
        ("http://127.0.0.1:8000", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
    ],
)
def test_foreign_names_and_pages_are_refused(client, address, headers):
    answer = client().get("/api/runs", base_url=address, headers=headers)
    assert answer.status_code == 403 and answer.json["error"].endswith(".")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_token_opens_the_page_and_its_cookie_the_rest(client):
    here = client(CLOSED)
    assert here.get("/api/runs").status_code == here.get("/?token=wrong").status_code == 401
    assert here.get("/api/runs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert here.get("/api/runs").status_code == 401
    answer = here.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/") and TOKEN not in answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= {*answer.headers["Set-Cookie"].split("; ")}
    assert here.get("/").status_code == here.get("/api/runs").status_code == 200


def test_guessing_tokens_ends_soon(client):
    here = client(CLOSED)
    statuses = [here.get("/", headers={"Authorization": f"Bearer {n:016}"}).status_code for n in range(30)]
    assert statuses[:10] == [401] * 10 and statuses[-1] == 429


def test_many_requests_are_refused_from_elsewhere_and_slowed_down_here(models, monkeypatch):
    slept = []
    monkeypatch.setattr(gallery.time, "sleep", slept.append)
    for where, expected in ((Access("9.9.9.9", 8000, TOKEN, 1), 429), (Access("127.0.0.1", 8000, None, 1), 200)):
        client = build_app(models, where).test_client()
        base, headers = f"http://{where.host}:8000", {"Authorization": f"Bearer {TOKEN}"}
        answers = [client.get("/api/runs", base_url=base, headers=headers) for _ in range(10)]
        assert [answer.status_code for answer in answers[:6]] == [200] * 6 and answers[-1].status_code == expected
        assert expected == 200 or int(answers[-1].headers["Retry-After"]) >= 1
    assert max(slept) > 2  # seconds


def test_a_fault_is_not_shown_to_visitors(client, models, monkeypatch):
    monkeypatch.setattr(models[0], "png", lambda key: 1 / 0)
    answer = client().get("/api/runs/0/images/0/0.png")
    assert (answer.status_code, answer.json) == (500, {"error": "The gallery failed; its terminal shows why."})


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "flask", None)
    with pytest.raises(UserImportError, match=r"pip install 'keras-transfer-gen\[serve\]'"):
        import_server("flask")
