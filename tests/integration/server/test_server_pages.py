from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.exceptions import ClientError
from bs4 import BeautifulSoup

from local.home import Home

HTML = '<!doctype html><html><head><title>t</title></head><body><a href="https://example.com/ask">Ask</a><script>x</script>'
TEXT = "Decide at http://127.0.0.1:1/approvals/1?token=abc. Thank you."


@pytest.fixture(scope="module")
def sent(served: Home, client_of: Callable[[Home, str], Any]) -> Home:
    """The server, after two mails were sent through it."""
    ses = client_of(served, "sesv2")
    ses.create_email_identity(EmailIdentity="sender@example.com")
    body = {"Html": {"Data": HTML}, "Text": {"Data": TEXT}}
    ses.send_email(
        FromEmailAddress="sender@example.com",
        Destination={"ToAddresses": ["ann@example.com"]},
        Content={"Simple": {"Subject": {"Data": "<b>Approve?</b>"}, "Body": body}},
    )
    raw = b"From: sender@example.com\r\nTo: bob@example.com\r\nSubject: Raw\r\n\r\nSee https://example.com/raw\r\n"
    ses.send_email(FromEmailAddress="sender@example.com", Content={"Raw": {"Data": raw}}, Destination={})
    return served


def get(home: Home, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{home.endpoint_url}{path}", headers=headers, timeout=5)


def inbox(home: Home) -> list[dict[str, Any]]:
    mails: list[dict[str, Any]] = get(home, "/_greenlight/inbox.json").json()
    return mails


def test_an_account_has_one_identity_of_an_address(sent: Home, client_of: Callable[[Home, str], Any]) -> None:
    ses = client_of(sent, "sesv2")
    with pytest.raises(ses.exceptions.AlreadyExistsException, match=r"sender@example\.com already exist"):
        ses.create_email_identity(EmailIdentity="sender@example.com")


def test_the_json_inbox_lists_whole_mails_newest_first(sent: Home) -> None:
    raw, simple = inbox(sent)
    assert (raw["to"], raw["subject"], raw["text"].strip(), raw["html"]) == (
        "bob@example.com",
        "Raw",
        "See https://example.com/raw",
        "",
    )
    assert raw["links"] == ["https://example.com/raw"]
    assert (simple["to"], simple["subject"]) == ("ann@example.com", "<b>Approve?</b>")
    assert (simple["text"], simple["html"]) == (TEXT, HTML)
    assert simple["links"] == ["https://example.com/ask", "http://127.0.0.1:1/approvals/1?token=abc"]
    assert raw["received_at"] >= simple["received_at"]


def test_the_inbox_page_links_each_mail_and_escapes_its_subject(sent: Home) -> None:
    page = BeautifulSoup(get(sent, "/_greenlight/inbox").text, "html.parser")
    assert [anchor.text for anchor in page.find_all("a")] == ["Raw", "<b>Approve?</b>"]
    assert [anchor["href"] for anchor in page.find_all("a")] == [
        f"/_greenlight/inbox/{mail['id']}" for mail in inbox(sent)
    ]
    assert page.find("script") is None


def test_a_mail_is_shown_in_a_frame_without_scripts_whose_links_open_in_a_tab(sent: Home) -> None:
    answer = get(sent, f"/_greenlight/inbox/{inbox(sent)[1]['id']}")
    frame = BeautifulSoup(answer.text, "html.parser").find("iframe")
    assert frame is not None
    sandbox = frame.get_attribute_list("sandbox")
    assert "allow-popups" in sandbox
    assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & set(sandbox)
    assert frame["srcdoc"] == HTML.replace("<head>", '<head><base target="_blank">')
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_a_mail_of_text_only_is_shown_as_text(sent: Home) -> None:
    page = BeautifulSoup(get(sent, f"/_greenlight/inbox/{inbox(sent)[0]['id']}").text, "html.parser")
    assert page.find("iframe") is None
    assert "See https://example.com/raw" in page.find("pre").text  # type: ignore[union-attr]  # found, or the test fails


def test_a_mail_that_is_not_there_is_not_found(sent: Home) -> None:
    assert get(sent, "/_greenlight/inbox/nothing").status_code == 404
    assert get(sent, "/_greenlight/nothing").status_code == 404


def test_a_sender_that_is_not_verified_is_refused(served: Home, client_of: Callable[[Home, str], Any]) -> None:
    with pytest.raises(ClientError, match="MessageRejected"):
        client_of(served, "sesv2").send_email(
            FromEmailAddress="stranger@example.com",
            Destination={"ToAddresses": ["ann@example.com"]},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
        )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {"Host": "attacker.example"}),
        ("GET", "/_greenlight/inbox.json", {"Host": "127.0.0.1.attacker.example"}),
        ("POST", "/", {"Origin": "https://attacker.example"}),
        ("POST", "/_api/x/approvals", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_pages_of_other_sites_get_no_answer(served: Home, method: str, path: str, headers: dict[str, str]) -> None:
    answer = requests.request(method, f"{served.endpoint_url}{path}", headers=headers, timeout=5)
    assert answer.status_code == 403


def test_no_answer_may_be_read_by_other_sites(served: Home) -> None:
    answer = get(served, "/_greenlight/inbox", Origin="https://attacker.example")
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_bucket_can_be_named_in_the_host(served: Home, client_of: Callable[[Home, str], Any]) -> None:
    s3 = client_of(served, "s3")
    s3.create_bucket(Bucket="hosted")
    s3.put_object(Bucket="hosted", Key="key", Body=b"body")
    signed = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": "hosted", "Key": "key"}))
    answer = get(served, f"/key?{signed.query}", Host=f"hosted.localhost:{served.port}")
    assert answer.content == b"body"
