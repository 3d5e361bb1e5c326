"""What another program said, without what opens doors."""

import pytest

from livegate.opa.redact import redact, tail


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer S3CRET-value",
        '{"authorization":"bearer S3CRET"}',
        "token eyJhbGciOiJFUzI1NiJ9.S3CRET.S3CRET refused",
        "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----",
        '"key":"-----BEGIN EC PRIVATE KEY-----\\nS3CRET\\n',
        "Get https://user:S3CRET@proxy.example/path: EOF",
    ],
)
def test_hidden(text: str) -> None:
    assert "S3CRET" not in redact(text)
    assert "[hidden]" in redact(text)


def test_given_secrets_are_hidden_whatever_they_look_like() -> None:
    assert redact("password is swordfish.", secrets=("swordfish", "")) == "password is [hidden]."


def test_what_is_no_secret_stays() -> None:
    text = (
        "open https://example.com/a@b: no such host; public -----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"
    )
    assert redact(text) == text


def test_tail_keeps_the_end_and_redacts_before_it_cuts() -> None:
    text = "first\n\n" + "x" * 395 + " Bearer S3CRETS3CRET\nlast \n"
    found = tail(text, lines=2, width=400)
    assert found.splitlines()[-1] == "last"
    assert "first" not in found
    assert "S3C" not in found
