import pytest

from nascore.lineage.redaction import redacted


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://user:word@example.org/a.zip", "https://***@example.org/a.zip"),
        ("https://token@example.org:8080/a", "https://***@example.org:8080/a"),
        ("https://example.org/a?X-Signature=abc&part=1", "https://example.org/a?X-Signature=***&part=***"),
        ("https://example.org/a?abcdef", "https://example.org/a?abcdef=***"),
        ("https://example.org/a#token", "https://example.org/a#***"),
        ("s3://key:secret@bucket/path", "s3://***@bucket/path"),
        ("https://example.org/a.zip", "https://example.org/a.zip"),
        ("http://[broken", "***"),
        ("pictures/a?b@c#d", "pictures/a?b@c#d"),
        ({"token": "abc", "api_key": "x", "Password": 5}, {"token": "***", "api_key": "***", "Password": "***"}),
        ({"sha256": "ab", "keys": [1], "token": None}, {"sha256": "ab", "keys": [1], "token": None}),
        (["https://a:b@c/d", ("x", 1.5, None, True)], ["https://***@c/d", ["x", 1.5, None, True]]),
    ],
)
def test_secrets_are_hidden_and_nothing_else(given, kept):
    assert redacted(given) == kept


def test_no_secret_of_a_parameter_or_the_process_reaches_a_record(small, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-in-the-environment")
    given = {"checkpoint": "https://me:hidden-word@example.org/w.pth?sig=hidden-signature", "sha256": None}
    small.job("search", {"results/small/a": "x"}, [], params={"given": given})
    texts = [file.read_text() for file in small.folder.glob("results/small/lineage/*/*.json")]
    assert texts and not any("hidden" in text for text in texts)
    assert any("https://***@example.org/w.pth?sig=***" in text for text in texts)
